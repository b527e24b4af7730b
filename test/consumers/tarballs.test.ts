import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, inject, test } from 'vitest'

const tarballs = inject('tarballs')
const run = promisify(execFile)

/** What `npm install aurora-mysql2` may cost, packed. */
const DRIVER_LIMIT_BYTES = 60_000

describe.each(Object.entries(tarballs))('%s', (_name, tarball) => {
  test('publint finds nothing to improve', async () => {
    const { stdout } = await run('publint', ['run', tarball, '--strict', '--pack=false'])
    expect(stdout).toContain('All good!')
  })

  test('its types resolve as its code does, for ES modules, CommonJS and bundlers', async () => {
    const { stdout } = await run('attw', [
      tarball,
      '--profile=node16',
      '--no-definitely-typed',
      '--no-color',
    ])
    expect(stdout).toContain('No problems found')
  })

  test('carries built code, its manual and its licence, and nothing else', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball])
    const files = stdout.trim().split('\n')
    expect(files).toEqual(
      expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/package.json']),
    )
    const others = files.filter(
      (file) => !/^package\/(LICENSE|README\.md|package\.json)$/.test(file),
    )
    expect(
      others.filter((file) => !/^package\/dist\/[\w-]+\.(d\.ts|d\.cts|js|cjs)$/.test(file)),
    ).toEqual([])
  })
})

test('the driver stays small', () => {
  expect(statSync(tarballs['aurora-mysql2'] ?? '').size).toBeLessThanOrEqual(DRIVER_LIMIT_BYTES)
})
