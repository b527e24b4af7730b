import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { failureOf, type Simulation } from '../../packages/driver/test/simulation.js'
import { Lags, MOST_LAG_MS, simulateNotes } from './lagging-readers.js'
import { buildDriver, removeDriver, WebProcess } from './web-process.js'

let simulation: Simulation
let lags: Lags
let one: WebProcess
let other: WebProcess
let lastId = 0

beforeAll(async () => {
  const built = buildDriver()
  simulation = await simulateNotes()
  lags = new Lags(simulation)
  const driver = await built
  const start = () => WebProcess.start(process.execPath, driver, simulation.cluster)
  ;[one, other] = await Promise.all([start(), start()])
  // Connections to readers are what lags.
  for (const web of [one, other])
    await Promise.all(Array.from({ length: 40 }, () => web.ask('http', 'look', 0, 'query')))
})

afterEach(() => lags.setAll(0))

afterAll(async () => {
  await Promise.all([one, other].map((web) => web?.end()))
  await removeDriver()
})

describe('a mark', () => {
  it('shows another process what was written before, which it misses without', async () => {
    await lags.setAll(MOST_LAG_MS)
    for (let turn = 0; turn < 5; turn++) {
      const { mark } = await one.ask('http', 'save', ++lastId, 'query')
      expect(await other.ask('http', 'look', lastId, 'query')).toMatchObject({ isSeen: false })
      expect(await other.ask('http', 'look', lastId, 'query', mark)).toMatchObject({ isSeen: true })
    }
  })

  it('shows the next request after a redirect what was written before it', async () => {
    await lags.setAll(MOST_LAG_MS)
    for (let turn = 0; turn < 5; turn++) {
      const { mark } = await one.ask('express', 'save', ++lastId, 'query')
      expect(await one.ask('fastify', 'look', lastId, 'query', mark)).toMatchObject({
        isSeen: true,
      })
    }
  })

  it('lets readers serve once they have what it speaks of', async () => {
    const pool = await simulation.readyPool()
    await pool.query('INSERT INTO app.note (id, version) VALUES (?, 1)', [++lastId])
    const mark = pool.aurora.mark()
    const reads = () =>
      pool.aurora
        .stats()
        .instances.filter(({ role }) => role === 'reader')
        .reduce((sum, { statements }) => sum + statements, 0)
    const before = reads()
    while (reads() === before)
      await pool.aurora.session(() => pool.query('SELECT COUNT(*) FROM app.note'), { after: mark })
    await simulation.closePools()
  })

  it.each([['no mark'], [''], ['a1.'], ['a1.zzzzzzzzzzzzzzzz'], [7], [null]])(
    'that is none (%j) is refused',
    async (after) => {
      const pool = simulation.pool()
      const work = async () => pool.aurora.session(() => 1, { after } as never)
      const error = await failureOf(work())
      expect(error.code).toBe('ERR_AURORA_OPTION')
      await simulation.closePools()
    },
  )
})
