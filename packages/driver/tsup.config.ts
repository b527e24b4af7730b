import { defineConfig } from 'tsup'
import { libraryBuild } from '../../tsup.shared.js'

export default defineConfig(
  libraryBuild({
    index: 'src/index.ts',
    promise: 'src/promise.ts',
    mysql2: 'src/adapters/mysql2.ts',
    'mysql2-promise': 'src/adapters/mysql2-promise.ts',
  }),
)
