import { readFileSync } from 'node:fs'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { type Cluster, startCluster } from 'aurora-mysql2-simulator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENTS } from '../../packages/driver/test/watch-pool.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('packages/driver/docs/errors.md')
const source = (path: string) => read(`packages/driver/src/${path}`)

/** The first column of the table under a heading, without its head, back-ticks and quotes. */
function firstColumn(heading: string): readonly string[] {
  const section = page.split(/^##+ /m).find((each) => each.startsWith(heading)) ?? ''
  const [, table = ''] = section.split(/^\|(?:---\|)+$/m)
  return [...table.matchAll(/^\| `?'?([\w-]+)'?`? \|/gm)]
    .map(([, name]) => String(name))
    .filter((name) => name !== 'absent')
}

/** The string literals of a union, from its declaration to the next blank line or member. */
function literals(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, name]) => String(name))
}

const samples = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, text]) => String(text))

describe('the page about errors', () => {
  it('lists every kind and no other', () => {
    const [, union = ''] =
      /readonly kind:([\s\S]*?)\n {2}\/\*\*/.exec(source('contract/error-detail.ts')) ?? []
    const kinds = literals(union, /\| '([\w-]+)'/g)
    expect(kinds.length).toBeGreaterThan(8)
    expect([...firstColumn('`kind`')].sort()).toEqual([...kinds].sort())
  })

  it('lists every field and every outcome', () => {
    const [, detail = ''] =
      /interface ErrorDetail \{([\s\S]*?)\n\}/.exec(source('contract/error-detail.ts')) ?? []
    const fields = literals(detail, /readonly (\w+)\??:/g)
    expect([...firstColumn('What `err.aurora` says')].sort()).toEqual([...fields].sort())
    expect(firstColumn('`outcome`')).toEqual(['unknown', 'rolled-back'])
  })

  it('lists every code of our own and no other', () => {
    const codes = literals(source('contract/errors.ts'), /\| '(ERR_AURORA_\w+)'/g)
    expect([...firstColumn('Codes of our own')].sort()).toEqual([...codes].sort())
  })

  it('speaks of events, and of reasons, that there are', () => {
    const log = samples.at(-1) ?? ''
    const names = literals(log, /'(\w+)'/g)
    expect(names.length).toBeGreaterThan(5)
    expect(EVENTS).toEqual(expect.arrayContaining([...names]))
    const events = source('contract/events.ts')
    for (const [, reason] of page.matchAll(/reason=([\w-]+)/g))
      expect(events).toContain(`'${reason}'`)
  })
})

describe('its samples', () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await startCluster({ instances: 2 })
    await cluster.query('CREATE TABLE stock (item VARCHAR(20), left_over INT)')
    await cluster.query("INSERT INTO stock (item, left_over) VALUES ('tea', 2)")
  })

  afterAll(() => cluster.close())

  it('run, and log a failover', async () => {
    const pool = createAuroraPool(cluster.connection)
    await pool.aurora.ready()
    const lines: { readonly name: string }[] = []
    const log = { info: (line: { readonly name: string }) => lines.push(line) }
    for (const sample of samples) await run(sample, { pool, log })
    const completed = new Promise((resolve) => pool.aurora.once('failoverCompleted', resolve))
    await cluster.crash(cluster.writer.id)
    const written = pool.query("UPDATE stock SET left_over = 5 WHERE item = 'tea'").catch(() => {})
    await cluster.restart(cluster.writer.id)
    await completed
    await written
    const names = lines.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['failoverStarted', 'failoverCompleted']))
    await pool.end()
    const [row] = await cluster.query("SELECT left_over FROM stock WHERE item = 'tea'")
    expect([1, 5]).toContain(row?.left_over)
  })

  /** Runs a sample, which may await, with these names in scope. */
  function run(sample: string, scope: Readonly<Record<string, unknown>>): Promise<unknown> {
    const make = new Function(...Object.keys(scope), `return (async () => { ${sample} })()`)
    return make(...Object.values(scope)) as Promise<unknown>
  }
})
