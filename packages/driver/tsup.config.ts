import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { defineConfig } from 'tsup'
import ts from 'typescript'
import { libraryBuild } from '../../tsup.shared.js'

const DIST = join(import.meta.dirname, 'dist')
const entry = {
  index: 'src/index.ts',
  promise: 'src/promise.ts',
  mysql2: 'src/adapters/mysql2.ts',
  'mysql2-promise': 'src/adapters/mysql2-promise.ts',
  knex: 'src/adapters/knex.ts',
}

/** The module whose shape an entry has. */
const SHAPE_OF: Record<keyof typeof entry, string | undefined> = {
  index: undefined,
  promise: undefined,
  mysql2: 'mysql2',
  'mysql2-promise': 'mysql2/promise',
  knex: undefined,
}

/**
 * The code is shipped once, as CommonJS: its ES modules only name what is in it. That halves the package, and whoever loads it both
 * ways has one library.
 */
async function shareCode(): Promise<void> {
  const require = createRequire(import.meta.url)
  for (const [name, shape] of Object.entries(SHAPE_OF)) {
    const library = require(join(DIST, `${name}.cjs`))
    // What a module has of mysql2 it has of whichever version is installed where it is used.
    const others = shape === undefined ? {} : require(shape)
    const isOwn = (each: string): boolean => each !== 'default' && library[each] !== others[each]
    const lines = [
      `import library from './${name}.cjs'`,
      ...(shape === undefined ? [] : [`export * from '${shape}'`]),
      `export const { ${Object.keys(library).filter(isOwn).join(', ')} } = library`,
      ...(shape === undefined ? [] : ['export default library.default']),
    ]
    writeFileSync(join(DIST, `${name}.js`), `${lines.join('\n')}\n`)
  }
  for (const file of readdirSync(DIST)) {
    if (/^chunk-\w+\.js$/.test(file)) rmSync(join(DIST, file))
  }
}

/** As TypeScript writes it. No text of ours begins a line with it that would not mean the same without. */
const INDENTATION = /^ +/gm

/**
 * Comments are in the repository, and what users need of them in the types: without them the code is a fifth smaller. Names and lines
 * stay, for whoever reads a stack.
 */
function stripComments(): void {
  const compilerOptions = { removeComments: true, target: ts.ScriptTarget.ES2022 }
  for (const file of readdirSync(DIST)) {
    if (!file.endsWith('.cjs')) continue
    const path = join(DIST, file)
    const code = ts.transpile(readFileSync(path, 'utf8'), compilerOptions, file)
    writeFileSync(path, code.replace(INDENTATION, ''))
  }
}

export default defineConfig({
  ...libraryBuild(entry),
  // A fortieth of the package.
  minifySyntax: true,
  onSuccess: async () => {
    stripComments()
    await shareCode()
  },
})
