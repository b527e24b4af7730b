import { beforeEach, expect, it } from 'vitest'
import { openPool } from './scripted/open-pool.js'
import { done, passUntil, useVirtualTime } from './scripted/pass-time.js'
import { ScriptedCluster } from './scripted/scripted-cluster.js'

const CONNECTIONS = 10
const MAX_CONNECTING = 3
/** So long that no connection is given back before all are open. */
const WRITE_MS = 2_000

let cluster: ScriptedCluster
/** When each connect of the pool's to the instance that is promoted began. */
let connectsMs: number[]

useVirtualTime()

beforeEach(() => {
  cluster = new ScriptedCluster(2, async (name) => {
    if (name === 'connect to i2') connectsMs.push(performance.now())
    if (name.startsWith('execute on i2: INSERT'))
      await new Promise((resolve) => setTimeout(resolve, WRITE_MS))
  })
  connectsMs = []
})

it('a new writer that answers at once is met by maxConnecting connects in a tenth of a second, until all are open', async () => {
  const pool = openPool(cluster, {
    connectionLimit: CONNECTIONS,
    aurora: { maxConnecting: MAX_CONNECTING },
  })
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
