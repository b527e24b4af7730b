import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildPackage, packageFolder } from './build-package.js'

let folder = ''

beforeAll(async () => {
  folder = await buildPackage()
})

afterAll(() => rm(folder, { recursive: true, force: true }))

it('the first rehearsal of the README runs as it stands there, and ends by itself', async () => {
  const readme = await readFile(join(packageFolder, 'README.md'), 'utf8')
  const [, sample = ''] = /```js\n\/\/ rehearse\.mjs\n([\s\S]*?)```/.exec(readme) ?? []
  const path = join(folder, 'rehearse.mjs')
  await writeFile(path, sample.replace("'aurora-mysql2-simulator'", "'./built/index.mjs'"))
  const { stdout } = await promisify(execFile)(process.execPath, [path])
  const lines = stdout.split('\n').map((line) => line.trim())
  const told = [
    'fault-injected instance-1',
    'failed: ECONNREFUSED',
    'promoted instance-2',
    'dns-updated instance-2',
    'written',
    'instance-up instance-1',
  ]
  const places = told.map((line) => lines.indexOf(line))
  expect(places).not.toContain(-1)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
})
