import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, type Simulation, simulate } from '../../packages/driver/test/simulation.js'
import { Ledger } from '../failover/ledger.js'
import { AT_SCALE } from '../failover/scenario.js'
import { type Access, ourAccess, plainAccess } from './access.js'
import { rideThroughFailover } from './failover-load.js'
import { expectPromisesKept } from './promises-kept.js'
import { shareOnReaders } from './read-share.js'
import type { Builder, Shop } from './shop.js'

/** While the counters are watched: each round is a write and several reads. */
const ROUNDS = 4
const READS_PER_ROUND = 30
/** Between two reads: an application that writes a few times a second. */
const PAUSE_MS = 10

/** What every query builder must do: with plain mysql2, with ours, and with ours through a failover. */
export function describeBuilder(builder: Builder): void {
  describe('mysql2', () => {
    const shop = useShop(builder, ({ cluster }) => plainAccess(cluster))
    worksAsItsManualSays(builder, shop)
  })

  describe('aurora-mysql2', () => {
    const shop = useShop(builder, ({ cluster }) => ourAccess(cluster, AT_SCALE))
    worksAsItsManualSays(builder, shop)
    const readsOnReaders = { inRequests: Number.NaN, outside: Number.NaN }

    test('reads reach readers, each operation in a request of its own', async () => {
      readsOnReaders.inRequests = await shareOfShop(shop, (work) => shop.access.request(work))
    })

    test('reads reach readers outside of any request', async () => {
      readsOnReaders.outside = await shareOfShop(shop, (work) => work())
    })

    // The last: afterwards another instance is the writer.
    test('a failover is a pause', async () => {
      const { ledger, simulation, stream } = shop
      const { readFailures } = await rideThroughFailover(builder, shop, ledger)
      const hasStreams = stream !== undefined
      const { cluster } = simulation
      await expectPromisesKept(builder, {
        cluster,
        ledger,
        readFailures,
        readsOnReaders,
        hasStreams,
      })
    })
  })
}

/** The application under test, once it is open. */
export interface OpenShop {
  readonly simulation: Simulation
  readonly access: Access
  readonly opened: Shop
  readonly stream: Shop['stream']
  /** Of what is written to `visit`. */
  readonly ledger: Ledger
}

/** A cluster with the tables, and the application on it; closed when the tests of the `describe` are over. */
export function useShop(
  builder: Pick<Builder, 'open'>,
  reach: (simulation: Simulation) => Access,
): OpenShop {
  let simulation: Simulation
  let access: Access
  let opened: Shop
  let ledger: Ledger
  beforeAll(async () => {
    simulation = await simulate()
    await simulation.cluster.query(
      `CREATE TABLE app.customer (
        id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60) NOT NULL, credit INT NOT NULL, UNIQUE KEY customer_name (name)
      ) ENGINE=InnoDB`,
    )
    ledger = await Ledger.open(simulation.cluster, 'visit')
    access = reach(simulation)
    opened = await builder.open(access)
  })
  afterAll(() => opened?.close())
  return {
    get simulation() {
      return simulation
    },
    get access() {
      return access
    },
    get opened() {
      return opened
    },
    get stream() {
      return opened.stream?.bind(opened)
    },
    get ledger() {
      return ledger
    },
  }
}

function worksAsItsManualSays(builder: Builder, shop: OpenShop): void {
  test('creates, reads, updates and deletes', async () => {
    const { opened } = shop
    const id = await opened.add('Ada', 10)
    expect(await opened.find(id)).toEqual({ id, name: 'Ada', credit: 10 })
    await opened.rename(id, 'Ada Lovelace')
    expect(await opened.find(id)).toEqual({ id, name: 'Ada Lovelace', credit: 10 })
    const count = await opened.count()
    await opened.remove(id)
    expect(await opened.find(id)).toBeUndefined()
    expect(await opened.count()).toBe(count - 1)
  })

  test('commits a transaction, and rolls one back', async () => {
    const { opened } = shop
    const [from, to] = [await opened.add('Grace', 10), await opened.add('Alan', 10)]
    const credits = async () => [(await opened.find(from))?.credit, (await opened.find(to))?.credit]
    await opened.transfer(from, to, 3, () => {})
    expect(await credits()).toEqual([7, 13])
    const refusal = new Error('refused')
    await expect(
      opened.transfer(from, to, 5, () => {
        throw refusal
      }),
    ).rejects.toBe(refusal)
    expect(await credits()).toEqual([7, 13])
  })

  test('streams row by row, where it can', async () => {
    const { opened, stream } = shop
    for (const name of ['one', 'two', 'three']) await opened.add(`streamed ${name}`, 0)
    const names: string[] = []
    for await (const { name } of stream?.() ?? []) names.push(name)
    const streamed = names.filter((name) => name.startsWith('streamed'))
    expect(streamed).toEqual(stream ? ['streamed one', 'streamed two', 'streamed three'] : [])
  })

  test('tells of a duplicate key by its own error', async () => {
    const { opened } = shop
    await opened.add('Only', 0)
    const error = await opened.add('Only', 0).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Error)
    expect(builder.isDuplicate(error), `${(error as Error).stack}`).toBe(true)
  })
}

/** Runs a mix of reads and writes; gives the share of reads that readers served. No write may reach one. */
async function shareOfShop(
  { simulation, opened, access }: OpenShop,
  within: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<number> {
  const id = await access.request(() => opened.add(`counted ${Math.random()}`, 0))
  const find = () => access.request(() => opened.find(id))
  await eventually('what was written before is on the readers', async () => {
    return (await shareOnReaders(simulation, find)) > 0
  })
  const { counters } = simulation.cluster.writer
  const writesBefore = counters.writes
  const share = await shareOnReaders(simulation, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await within(() => opened.rename(id, `counted ${Math.random()}`))
      for (let read = 0; read < READS_PER_ROUND; read += 1) {
        expect((await within(() => opened.find(id)))?.id).toBe(id)
        await sleep(PAUSE_MS)
      }
    }
  })
  expect(counters.writes - writesBefore).toBeGreaterThanOrEqual(ROUNDS)
  return share
}
