import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { inlineText } from '../inline-text.js'

/** The folder of this package. */
export const packageFolder = fileURLToPath(new URL('..', import.meta.url))

/**
 * Builds the package for programs of other processes. Returns a new folder, to be removed by the caller, in
 * which `./built/index.mjs` is the library and `./built/cli.mjs` the command.
 */
export async function buildPackage(): Promise<string> {
  // Inside the package, so that its dependencies are found.
  const folder = await mkdtemp(join(packageFolder, 'node_modules', '.built-'))
  await build({
    entry: {
      index: join(packageFolder, 'src/index.ts'),
      cli: join(packageFolder, 'src/cli/main.ts'),
    },
    outDir: join(folder, 'built'),
    format: 'esm',
    config: false,
    silent: true,
    dts: false,
    skipNodeModulesBundle: true,
    esbuildPlugins: [inlineText()],
    outExtension: () => ({ js: '.mjs' }),
  })
  return folder
}
