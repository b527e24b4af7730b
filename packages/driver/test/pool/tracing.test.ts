import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import type { StatementTrace } from 'aurora-mysql2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TRACES_ATTEMPTS } from '../mysql2-features.js'
import { failureOf, type Simulation, simulate } from '../simulation.js'
import { seesLoss } from '../watch-pool.js'

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

/** What a subscriber keeps of one event. */
interface Told<T> {
  readonly event: (typeof EVENTS)[number]
  readonly message: T
  readonly request: string | undefined
}

const requests = new AsyncLocalStorage<string>()
const unsubscribes: (() => void)[] = []

/** Everything that is published under a name, and whose request it was in. */
function subscribe<T extends object>(name: string): Told<T>[] {
  const told: Told<T>[] = []
  const hear = (event: (typeof EVENTS)[number]) => (message: unknown) => {
    told.push({ event, message: message as T, request: requests.getStore() })
  }
  const subscriber = Object.fromEntries(EVENTS.map((event) => [event, hear(event)])) as never
  const channel = tracingChannel(name)
  channel.subscribe(subscriber)
  unsubscribes.push(() => channel.unsubscribe(subscriber))
  return told
}

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate({ instances: 3 })
  await simulation.cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY, text VARCHAR(50))')
})

beforeEach(async () => {
  await simulation.cluster.query('DELETE FROM app.note')
})

afterEach(async () => {
  for (const unsubscribe of unsubscribes.splice(0)) unsubscribe()
  await simulation.closePools()
})

afterAll(() => simulation.cluster.close())

const own = (told: readonly Told<StatementTrace>[]) => told.map(({ event }) => event)

describe('the trace of a statement', () => {
  it.each(['query', 'execute'] as const)('spans a %s from its call to its end', async (method) => {
    const pool = await simulation.readyPool()
    const told = subscribe<StatementTrace>('aurora-mysql2:statement')
    const insert = "INSERT INTO note VALUES (?, 'a secret')"
    const run = () => (method === 'query' ? pool.query(insert, [1]) : pool.execute(insert, [1]))
    await requests.run('one', run)
    expect(own(told)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    expect(new Set(told.map(({ message }) => message)).size).toBe(1)
    expect(told.map(({ request }) => request)).toEqual(['one', 'one', 'one', 'one'])
    expect(told[0]?.message).toEqual({
      method,
      intent: 'write',
      instance: simulation.cluster.writer.id,
      attempts: 1,
      waitedMs: expect.any(Number),
    })
  })

  it('has the error that its caller gets', async () => {
    const pool = await simulation.readyPool()
    const told = subscribe<StatementTrace>('aurora-mysql2:statement')
    const error = await failureOf(pool.query('SELECT nothing FROM nowhere'))
    expect(own(told)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
    expect(told[0]?.message.error).toBe(error)
  })

  it('ends with the last row of a stream', async () => {
    const pool = simulation.callbackPool()
    await new Promise<void>((resolve) => void pool.aurora.ready().then(resolve))
    const told = subscribe<StatementTrace>('aurora-mysql2:statement')
    const rows = pool.query('SELECT 1 UNION SELECT 2').stream()
    let seen = 0
    for await (const _ of rows) seen++
    expect(seen).toBe(2)
    expect(own(told)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
  })

  it('is one, however many attempts a failover makes of it', async () => {
    const { cluster } = simulation
    const pool = await simulation.readyPool()
    await pool.query('INSERT INTO note VALUES (1, ?)', ['x'])
    const told = subscribe<StatementTrace>('aurora-mysql2:statement')
    const attempts = subscribe<{ query: string }>('mysql2:query')
    const former = cluster.writer.id
    const promoted = cluster.failover({ promoteMs: 100, detectMs: 10, returnMs: 20, dnsMs: 30 })
    await seesLoss(pool, former)
    const upsert = "INSERT INTO note VALUES (2, 'x') ON DUPLICATE KEY UPDATE text = 'again'"
    await requests.run('waits', () => pool.query({ sql: upsert } as never))
    await promoted
    expect(own(told)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    const [{ message } = { message: undefined }] = told
    expect(message?.instance).toBe(cluster.writer.id)
    expect(message?.waitedMs).toBeGreaterThan(0)
    const started = attempts.filter(
      (each) => each.event === 'start' && each.message.query === upsert,
    )
    const attempted = TRACES_ATTEMPTS ? message?.attempts : 0
    expect(started.map(({ request }) => request)).toEqual(Array(attempted).fill('waits'))
  })
})

/** Older versions of mysql2 trace nothing. */
const traced = (names: readonly string[]) => (TRACES_ATTEMPTS ? names : [])

describe("mysql2's own trace of an attempt", () => {
  it('is in the request that asked for it, also where that had to wait for a connection', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    const told = subscribe<{ query: string }>('mysql2:query')
    const names = ['one', 'two', 'three', 'four']
    await Promise.all(
      names.map((name) => requests.run(name, () => pool.query(`DO '${name}', SLEEP(0.01)`))),
    )
    const started = told.filter(
      ({ event, message }) => event === 'start' && /^DO/.test(message.query),
    )
    expect(started.map(({ message }) => message.query.split("'")[1])).toEqual(traced(names))
    expect(started.map(({ request }) => request)).toEqual(traced(names))
  })

  it('is in the request that asked for it in a session, where it stood behind others', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    const told = subscribe<{ query: string }>('mysql2:query')
    const names = ['one', 'two', 'three']
    await Promise.all(names.map((name) => requests.run(name, () => session.query(`DO '${name}'`))))
    session.release()
    const started = told.filter(
      ({ event, message }) => event === 'start' && /^DO/.test(message.query),
    )
    expect(started.map(({ request }) => request)).toEqual(traced(names))
  })
})
