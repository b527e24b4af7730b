import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { runProgram } from './run-program.js'

const consumers = inject('consumers')
const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc')

test.each([
  ['an ES module', 'esm/check.mjs'],
  ['a CommonJS module', 'cjs/check.cjs'],
  ['a process with both formats', 'mixed/check.mjs'],
  ['an ES module with Knex', 'knex/check.mjs'],
  ['a CommonJS module with Knex', 'knex/check.cjs'],
])('%s uses the packages and ends by itself', async (_what, file) => {
  const result = await runProgram(process.execPath, [file], consumers)
  expect(result).toEqual({ exitCode: 0, output: '' })
})

test.each(['node16', 'bundler'])(
  'strict TypeScript accepts the types under module resolution %s',
  async (mode) => {
    const project = join('types', `tsconfig.${mode}.json`)
    const result = await runProgram(process.execPath, [typescript, '-p', project], consumers)
    expect(result).toEqual({ exitCode: 0, output: '' })
  },
)

const MEASURED_WITHIN_MS = 120_000

test(
  'nothing of a statement outlives it',
  async () => {
    const program = ['memory/check.mjs']
    const result = await runProgram(process.execPath, program, consumers, MEASURED_WITHIN_MS)
    expect(result).toEqual({ exitCode: 0, output: '' })
  },
  MEASURED_WITHIN_MS,
)
