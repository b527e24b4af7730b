import { type AuroraPool, createAuroraPool } from 'aurora-mysql2/promise'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { listen } from '../watch-pool.js'
import { CLUSTER_HOST, ScriptedCluster } from './scripted/scripted-cluster.js'

type Done = (error: null, address: string, family: number) => void

/** Long beside every tick, so that it shows which one was waited for. */
const QUESTION_TIMEOUT_MS = 2_000
const NEVER_MS = 60_000

const silent = new Set<string>()
let cluster: ScriptedCluster
let pool: AuroraPool

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
  silent.clear()
  // What has to do with a silent instance never gets its turn.
  cluster = new ScriptedCluster(3, async (name) => {
    if ([...silent].some((id) => name.includes(` ${id}`))) await new Promise(() => {})
  })
  pool = createAuroraPool({
    host: CLUSTER_HOST,
    user: 'app',
    stream: ({ config }: { config: { host: string } }) => cluster.connect(config.host),
    aurora: {
      questionTimeoutMs: QUESTION_TIMEOUT_MS,
      consistency: 'eventual',
      lookup: (_name: string, _options: unknown, done: Done) => done(null, '192.0.2.1', 4),
    },
  } as Parameters<typeof createAuroraPool>[0])
})

afterEach(() => {
  vi.useRealTimers()
})

/** Lets time pass, on the pool's own clock, until `isSo`. */
async function passUntil(what: string, isSo: () => boolean): Promise<void> {
  for (let passedMs = 0; !isSo(); passedMs += 10) {
    if (passedMs > NEVER_MS) throw new Error(`Never happens: ${what}`)
    await vi.advanceTimersByTimeAsync(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function pass(ms: number): Promise<void> {
  const startedMs = performance.now()
  await passUntil('time passes', () => performance.now() - startedMs >= ms)
}

async function done<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  promise.then(settle, settle)
  await passUntil('it ends', () => isSettled)
  return promise
}

it('the time for which the former writer has owed an answer is not waited for twice', async () => {
  await done(pool.query('INSERT INTO t VALUES (0)'))
  const heard = listen(pool)
  const names = () => heard.map(([name]) => name)
  silent.add('i1')
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
