import { defineConfig } from 'tsup'
import { libraryBuild } from '../../tsup.shared.js'
import { inlineText } from './inline-text.js'

export default defineConfig({
  ...libraryBuild({
    index: 'src/index.ts',
    rehearsal: 'src/rehearsal.ts',
    cli: 'src/cli/main.ts',
  }),
  esbuildPlugins: [inlineText()],
})
