import { type AuroraPool, createAuroraPool } from 'aurora-mysql2/promise'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { done, passUntil } from './scripted/pass-time.js'
import { CLUSTER_HOST, ScriptedCluster } from './scripted/scripted-cluster.js'

type Done = (error: null, address: string, family: number) => void

const CONNECTIONS = 10
const MAX_CONNECTING = 3
/** So long that no connection is given back before all are open. */
const WRITE_MS = 2_000

let cluster: ScriptedCluster
/** When each connect of the pool's to the instance that is promoted began. */
let connectsMs: number[]

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
  cluster = new ScriptedCluster(2, async (name) => {
    if (name.startsWith('execute on i2: INSERT'))
      await new Promise((resolve) => setTimeout(resolve, WRITE_MS))
  })
  connectsMs = []
})

afterEach(() => {
  vi.useRealTimers()
})

function openPool(): AuroraPool {
  return createAuroraPool({
    host: CLUSTER_HOST,
    user: 'app',
    connectionLimit: CONNECTIONS,
    stream: ({ config }: { config: { host: string } }) => {
      if (config.host.startsWith('i2.')) connectsMs.push(performance.now())
      return cluster.connect(config.host)
    },
    aurora: {
      maxConnecting: MAX_CONNECTING,
      lookup: (_name: string, _options: unknown, found: Done) => found(null, '192.0.2.1', 4),
    },
  } as Parameters<typeof createAuroraPool>[0])
}

it('a new writer that answers at once is met by maxConnecting connects in a tenth of a second, until all are open', async () => {
  const pool = openPool()
  await done(pool.query('INSERT INTO t VALUES (0)'))
  cluster.crash('i1')
  await passUntil('the writer is looked for', () => pool.aurora.stats().isFailingOver)
  const writes = Array.from({ length: CONNECTIONS }, (_, index) =>
    pool.query(`INSERT INTO t VALUES (${index + 1})`),
  )
  connectsMs = []
  cluster.writerId = 'i2'
  await done(Promise.all(writes))
  expect(connectsMs).toHaveLength(CONNECTIONS)
  for (const fromMs of connectsMs) {
    const inTenth = connectsMs.filter((ms) => ms >= fromMs && ms < fromMs + 100)
    expect(inTenth.length).toBeLessThanOrEqual(MAX_CONNECTING)
  }
})
