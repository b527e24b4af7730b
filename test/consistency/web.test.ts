import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pause, type Simulation } from '../../packages/driver/test/simulation.js'
import { Lags, MOST_LAG_MS, SCALE, simulateNotes } from './lagging-readers.js'
import {
  buildDriver,
  type Carriage,
  KINDS,
  NODES,
  removeDriver,
  WebProcess,
} from './web-process.js'

const TRIES = SCALE >= 1 ? 400 : 40
const ACTIONS = ['save', 'callbacks', 'connections', 'events'] as const
const CARRIAGES: readonly Carriage[] = ['query', 'body', 'pieces']

let simulation: Simulation
let lags: Lags
let driver: string
let lastId = 0

beforeAll(async () => {
  const built = buildDriver()
  simulation = await simulateNotes()
  lags = new Lags(simulation)
  driver = await built
})

afterAll(removeDriver)

const anyOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T

describe.each(NODES)('an application behind a web server, on %s', (_, path) => {
  let web: WebProcess

  beforeEach(async () => {
    web = await WebProcess.start(path, driver, simulation.cluster)
    // Opens connections to readers, in the midst of requests: those are what lags, and whose requests they are born in is chance.
    await Promise.all(Array.from({ length: 40 }, () => web.ask('http', 'look', 0, 'query')))
  })

  afterEach(async () => {
    await web.end()
    await lags.setAll(0)
  })

  it.each(KINDS)('sees in each request of %s what it wrote there', async (kind) => {
    await lags.setAll(MOST_LAG_MS)
    const missed: string[] = []
    let left = TRIES
    const work = async () => {
      while (left-- > 0) {
        const action = anyOf(ACTIONS)
        const carriage = anyOf(CARRIAGES)
        const { isSeen } = await web.ask(kind, action, ++lastId, carriage)
        if (!isSeen) missed.push(`${action}, ${carriage}`)
      }
    }
    await Promise.all(Array.from({ length: 6 }, work))
    expect(missed).toEqual([])
  })

  it('reads from readers in other requests meanwhile', async () => {
    await lags.setAll(MOST_LAG_MS)
    const before = simulation.counts()
    const lingering = web.ask('http', 'linger', ++lastId, 'query')
    await pause(100)
    for (let turn = 0; turn < 10; turn++) await web.ask('http', 'look', lastId, 'query')
    expect((await lingering).isSeen).toBe(true)
    const counts = simulation.countsSince(before)
    const readers = simulation.cluster.readers.map(({ id }) => counts[id]?.reads ?? 0)
    expect(readers.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(10)
  })
})
