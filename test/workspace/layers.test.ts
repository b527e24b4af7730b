import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { layerViolations } from '../../scripts/layers.mjs'

/** A workspace that keeps every rule; each case adds or replaces files. */
const SOUND = {
  'driver/src/index.ts': `export { Pool } from './pool/pool.js'`,
  'driver/src/pool/pool.ts': `import { run } from '../cluster/run.js'\nexport class Pool { run = run }`,
  'driver/src/cluster/run.ts': `import mysql from 'mysql2'\nimport type { Host } from '../model/host.js'\nexport const run = (host: Host) => mysql.createPool(host)`,
  'driver/src/model/host.ts': `export interface Host { host: string }`,
  'prisma/src/index.ts': `export { adapter } from './adapter.js'`,
  'prisma/src/adapter.ts': `import { session } from 'aurora-mysql2'\nexport const adapter = session`,
  'simulator/src/index.ts': `export { net } from './cluster/names.js'`,
  'simulator/src/cluster/names.ts': `import * as net from 'node:net'\nexport { net }`,
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aurora-mysql2-layers-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What is wrong with the sound workspace once `files` are in it, one sentence a line. */
function check(files: Record<string, string>): string {
  for (const [path, text] of Object.entries({ ...SOUND, ...files })) {
    const target = join(folder, 'packages', path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
  return layerViolations(folder).join('\n')
}

test('a sound workspace passes', () => {
  expect(check({})).toBe('')
})

test.each([
  ['an import that points up', `import { Pool } from '../pool/pool.js'`],
  ['a type that points up', `import type { Pool } from '../pool/pool.js'`],
  ['an inline import type that points up', `export let pool: import('../pool/pool.js').Pool`],
  ['a re-export that points up', `export * from '../pool/pool.js'`],
  ['a dynamic import that points up', `export const load = () => import('../pool/pool.js')`],
  ['an import of an entry point', `import { Pool } from '../index.js'`],
])('%s is refused', (_what, text) => {
  const output = check({ 'driver/src/io/bad.ts': text })
  expect(output).toContain('packages/driver/src/io/bad.ts')
  expect(output).toContain('points up')
})

test('a cycle inside one layer is refused, in either package', () => {
  for (const source of ['driver/src/policy', 'simulator/src/storage']) {
    const output = check({
      [`${source}/a.ts`]: `import './b.js'`,
      [`${source}/b.ts`]: `import './c.js'`,
      [`${source}/c.ts`]: `import type { A } from './a.js'`,
    })
    expect(output).toContain(`cycle: packages/${source}/a.ts`)
  }
})

test('a grammar may be recursive within its folder, and only there', () => {
  const sql = 'simulator/src/storage/embedded/sql'
  const grammar = {
    [`${sql}/query.ts`]: `import './expression.js'\nimport '../engine.js'`,
    [`${sql}/expression.ts`]: `import './query.js'`,
  }
  const engine = 'simulator/src/storage/embedded/engine.ts'
  expect(check({ ...grammar, [engine]: '' })).toBe('')
  expect(check({ ...grammar, [engine]: `import './sql/expression.js'` })).toContain('cycle:')
})

test.each([
  ['driver/src/io/bad.ts', `import 'aurora-mysql2-simulator'`],
  ['simulator/src/bad.ts', `import { createAuroraPool } from 'aurora-mysql2/promise'`],
])('the packages stay apart: %s', (path, text) => {
  const output = check({ [path]: text })
  expect(output).toContain('is the other package')
})

test('a pure layer takes types from anywhere and I/O from nowhere', () => {
  const typed = check({ 'driver/src/policy/a.ts': `import type { Socket } from 'node:net'` })
  expect(typed).toBe('')
  const reaching = check({ 'driver/src/policy/a.ts': `import { connect } from 'node:net'` })
  expect(reaching).toContain('policy is pure')
})

test('a folder that is no layer is refused', () => {
  const output = check({ 'driver/src/misc/a.ts': `import '../model/host.js'` })
  expect(output).toContain('imported by "misc", which is no layer')
})

test('an import that leaves the sources is refused', () => {
  const output = check({
    'driver/src/io/a.ts': `import '../../../simulator/src/index.js'`,
  })
  expect(output).toContain('is outside of packages/driver/src')
})
