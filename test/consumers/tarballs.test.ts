import { statSync } from 'node:fs'
import { describe, expect, inject, test } from 'vitest'
import { runProgram } from './run-program.js'

const tarballs = inject('tarballs')

/** A guard against growing by accident: what `npm install aurora-mysql2` fetches. */
const DRIVER_LIMIT_BYTES = 95_000

const BUILT_FILE = /^package\/dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)$/
const PAGE_OF_MANUAL = /^package\/docs\/[a-z-]+\.md$/

describe.each(Object.entries(tarballs))('%s', (_name, tarball) => {
  test('publint finds nothing to improve', async () => {
    const { output } = await run('publint', ['run', tarball, '--strict', '--pack=false'])
    expect(output).toContain('All good!')
  })

  test('types resolve where code does, for ES modules, CommonJS and bundlers', async () => {
    const options = ['--profile=node16', '--no-definitely-typed', '--no-color']
    const { exitCode, output } = await run('attw', [tarball, ...options])
    expect(exitCode, output).toBe(0)
  })

  test('carries built code, its manual and its licence, and nothing else', async () => {
    const { output } = await run('tar', ['-tzf', tarball])
    const files = output.trim().split('\n')
    const isOther = (file: string) => !BUILT_FILE.test(file) && !PAGE_OF_MANUAL.test(file)
    expect(files.filter(isOther).sort()).toEqual([
      'package/LICENSE',
      'package/README.md',
      'package/package.json',
    ])
    expect(files).toContain('package/dist/index.js')
  })
})

test('the driver stays small', () => {
  expect(statSync(tarballs['aurora-mysql2'] ?? '').size).toBeLessThanOrEqual(DRIVER_LIMIT_BYTES)
})

function run(command: string, args: readonly string[]) {
  return runProgram(command, args, import.meta.dirname)
}
