import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { minify } from 'terser'
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

/** Functions, classes and their methods keep their names, private ones excepted: whoever reads a stack finds them in the repository. */
const SHORT_LOCAL_NAMES = {
  compress: false,
  mangle: { toplevel: false, keep_fnames: true, keep_classnames: true },
} as const

/**
 * Comments are in the repository, and what users need of them in the types. Without them, and with short names for what is known within
 * one function or class alone, the code is a quarter smaller. A line is a statement, as it was.
 */
async function shrink(): Promise<void> {
  const compilerOptions = { removeComments: true, target: ts.ScriptTarget.ES2022 }
  for (const file of readdirSync(DIST)) {
    if (!file.endsWith('.cjs')) continue
    const path = join(DIST, file)
    const { code } = await minify(readFileSync(path, 'utf8'), SHORT_LOCAL_NAMES)
    if (code === undefined) throw new Error(`terser gave nothing for ${file}`)
    writeFileSync(path, ts.transpile(code, compilerOptions, file).replace(INDENTATION, ''))
  }
}

export default defineConfig({
  ...libraryBuild(entry),
  // A fortieth of the package.
  minifySyntax: true,
  onSuccess: async () => {
    await shrink()
    await shareCode()
  },
})
