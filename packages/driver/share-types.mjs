// The declarations are shipped once, as those of CommonJS: those of the ES modules only name what is in them, as the code does
// (tsup.config.ts). Run after tsup, which writes its declarations while it already tells of its success.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const DIST = join(import.meta.dirname, 'dist')

for (const file of readdirSync(DIST)) {
  if (!file.endsWith('.d.ts')) continue
  const path = join(DIST, file)
  const name = file.slice(0, -'.d.ts'.length)
  const types = `./${name}.cjs`
  // What several entries share lies beside them under a name of its own.
  if (!readdirSync(DIST).includes(`${name}.js`)) {
    rmSync(path)
    continue
  }
  const hasDefault = /\bas default\b/.test(readFileSync(path, 'utf8'))
  const lines = [
    `export * from '${types}'`,
    // The default of a CommonJS module is the module.
    ...(hasDefault
      ? [
          `import library from '${types}'`,
          'declare const own: typeof library.default',
          'export default own',
        ]
      : []),
  ]
  writeFileSync(path, `${lines.join('\n')}\n`)
}
