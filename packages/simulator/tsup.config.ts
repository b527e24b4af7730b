import { defineConfig } from 'tsup'
import { libraryBuild } from '../../tsup.shared.js'
import { inlineText } from './inline-text.js'

const library = { index: 'src/index.ts', rehearsal: 'src/rehearsal.ts' }

export default defineConfig({
  ...libraryBuild({ ...library, cli: 'src/cli/main.ts' }),
  // Nobody imports a command.
  dts: { entry: library },
  esbuildPlugins: [inlineText()],
})
