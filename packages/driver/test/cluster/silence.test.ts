import type { AuroraPool } from 'aurora-mysql2/promise'
import { beforeEach, expect, it } from 'vitest'
import { listen } from '../watch-pool.js'
import { openPool } from './scripted/open-pool.js'
import { done, pass, passUntil, useVirtualTime } from './scripted/pass-time.js'
import { ScriptedCluster } from './scripted/scripted-cluster.js'

/** Long beside every tick, so that it shows which one was waited for. */
const QUESTION_TIMEOUT_MS = 2_000
/** Longer than anything takes to be given up. */
const LONG_MS = 60_000

/** Who says nothing, with what waits until it speaks again. */
const silent = new Map<string, (() => void)[]>()
let cluster: ScriptedCluster
let pool: AuroraPool

useVirtualTime()

beforeEach(() => {
  silent.clear()
  cluster = new ScriptedCluster(3, async (name) => {
    for (const [id, waiting] of silent) {
      if (name.includes(` ${id}`)) await new Promise<void>((resolve) => waiting.push(resolve))
    }
  })
  pool = openPool(cluster, {
    aurora: { questionTimeoutMs: QUESTION_TIMEOUT_MS, consistency: 'eventual' },
  })
})

function speakAgain(id: string): void {
  const waiting = silent.get(id) ?? []
  silent.delete(id)
  for (const go of waiting) go()
}

it('connections that the network has forgotten hold nobody up who can have a new one', async () => {
  await done(pool.query('INSERT INTO t VALUES (0)'))
  const heard = listen(pool)
  const names = () => heard.map(([name]) => name)
  cluster.forgetConnections('i1')
  const lost = pool.query('INSERT INTO t VALUES (1)').catch((error: unknown) => error)
  await passUntil('it is left unanswered', () => names().includes('failoverStarted'))
  const startedMs = performance.now()
  await done(pool.query('INSERT INTO t VALUES (2)'))
  // A question on an old connection is waited for for seconds.
  expect(performance.now() - startedMs).toBeLessThan(1_000)
  expect(names()).not.toContain('instanceFenced')
  expect(await done(lost)).toMatchObject({ aurora: { kind: 'lost', outcome: 'unknown' } })
  const sent = ['INSERT INTO t VALUES (0)', 'INSERT INTO t VALUES (2)']
  expect([...cluster.written.keys()]).toEqual(sent)
})

it('connections on which a late answer comes are not given up', async () => {
  await done(pool.query('INSERT INTO t VALUES (0)'))
  const heard = listen(pool)
  const names = () => heard.map(([name]) => name)
  silent.set('i1', [])
  const late = pool.query('INSERT INTO t VALUES (1)')
  await passUntil('it is left unanswered', () => names().includes('failoverStarted'))
  speakAgain('i1')
  await done(late)
  await pass(LONG_MS)
  expect(names()).not.toContain('instanceFenced')
  expect(cluster.written.get('INSERT INTO t VALUES (1)')).toBe(1)
})

it('a long query outlives the connection for questions that the network forgot, since it lay idle', async () => {
  let finish = (): void => {}
  const isLong = (name: string) => name === 'execute on i2: SELECT long'
  cluster = new ScriptedCluster(2, async (name) => {
    if (isLong(name)) await new Promise<void>((resolve) => (finish = resolve))
  })
  pool = openPool(cluster, { aurora: { consistency: 'eventual' } })
  await done(pool.query('INSERT INTO t VALUES (0)'))
  const heard = listen(pool)
  const first = pool.query('SELECT long')
  await passUntil('it is asked', () => heard.some(([name]) => name === 'instanceSuspected'))
  await pass(100)
  finish()
  await done(first)
  const [, ...forQuestions] = cluster.get('i2').sockets
  expect(forQuestions).toHaveLength(1)
  for (const socket of forQuestions) socket.isForgotten = true
  // Nobody asks the reader while there is work for the writer alone.
  for (let n = 1; n <= 60; n++) {
    await pass(1_000)
    await done(pool.query(`INSERT INTO t VALUES (${n})`))
  }
  heard.length = 0
  const second = pool.query('SELECT long')
  await pass(LONG_MS)
  finish()
  await done(second)
  const names = heard.map(([name]) => name)
  expect(names).toContain('instanceSuspected')
  expect(names).not.toContain('instanceFenced')
  expect(names).not.toContain('statementRetried')
})

it('the time for which the former writer has owed an answer is not waited for twice', async () => {
  await done(pool.query('INSERT INTO t VALUES (0)'))
  const heard = listen(pool)
  const names = () => heard.map(([name]) => name)
  silent.set('i1', [])
  const hung = pool.query('INSERT INTO t VALUES (1)').catch((error: unknown) => error)
  await passUntil('it is suspected', () => names().includes('instanceSuspected'))
  const suspectedMs = performance.now()
  await pass(0.5 * QUESTION_TIMEOUT_MS)
  // The one that is promoted is made anew, and asked once it is back.
  cluster.crash('i2')
  const isMissed = () => heard.some(([name]) => name === 'instanceReachable')
  while (!isMissed()) await done(pool.query('SELECT 1'))
  cluster.writerId = 'i2'
  cluster.get('i2').isUp = true
  await passUntil('it is known', () => names().includes('writerPromoted'))
  // Learnt in calm, since nothing had failed yet.
  expect(names()).not.toContain('failoverStarted')
  expect(performance.now() - suspectedMs).toBeLessThan(QUESTION_TIMEOUT_MS)
  expect(await done(hung)).toMatchObject({ aurora: { kind: 'lost', outcome: 'unknown' } })
  expect(performance.now() - suspectedMs).toBeLessThan(1.25 * QUESTION_TIMEOUT_MS)
})
