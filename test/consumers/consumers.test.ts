import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { runProgram } from './run-program.js'

const consumers = inject('consumers')
const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc')

test.each([
  ['an ES module', 'esm/check.mjs'],
  ['a CommonJS module', 'cjs/check.cjs'],
  ['both formats in one process', 'mixed/check.mjs'],
])('%s uses the packages and ends by itself', async (_what, file) => {
  const result = await runProgram(join(consumers, file), [], consumers)
  expect(result).toEqual({ exitCode: 0, output: '' })
})

test.each(['node16', 'bundler'])(
  'strict TypeScript accepts the types, module resolution %s',
  async (mode) => {
    const config = join(consumers, 'types', `tsconfig.${mode}.json`)
    const result = await runProgram(typescript, ['-p', config], consumers)
    expect(result).toEqual({ exitCode: 0, output: '' })
  },
)
