import { setTimeout as sleep } from 'node:timers/promises'
import { scaled } from '../../packages/driver/test/simulation.js'
import type { Ledger, Unit } from '../failover/ledger.js'
import type { Builder } from './shop.js'
import type { OpenShop } from './suite.js'

const WORKERS = { visit: 2, 'visit-twice': 2, read: 4 } as const
/** Each worker rests up to so long between two requests. */
const REST_MS = 5
/** So many units are written before the failover, and as many after it. */
const UNITS = 40

/** What happened. Writes are in the ledger. */
export interface Ride {
  readonly readFailures: readonly string[]
}

/** Keeps the application busy, each operation in a request of its own, while the writer crashes and a reader is promoted. */
export async function rideThroughFailover(
  builder: Pick<Builder, 'driverError'>,
  { simulation: { cluster }, access, opened }: OpenShop,
  ledger: Ledger,
): Promise<Ride> {
  const readFailures: string[] = []
  let isStopping = false
  const id = await opened.add('Regular', 0)

  const write = (kind: 'visit' | 'visit-twice') =>
    ledger.keep(
      kind,
      ({ id: unit }: Unit) =>
        access
          .request(() => (kind === 'visit' ? opened.visit(unit) : opened.visitTwice(unit)))
          .catch((error) => {
            throw builder.driverError(error) ?? error
          }),
      kind === 'visit' ? 1 : 2,
    )
  const read = () =>
    access
      .request(() => opened.find(id))
      .then((customer) => {
        if (customer?.id !== id) readFailures.push('the row was not there')
      })
      .catch((error) => readFailures.push(String((error as Error).stack)))
  const work = async (request: () => Promise<unknown>) => {
    while (!isStopping) {
      await request()
      await sleep(REST_MS * Math.random())
    }
  }
  const workers = [
    ...Array.from({ length: WORKERS.visit }, () => work(() => write('visit'))),
    ...Array.from({ length: WORKERS['visit-twice'] }, () => work(() => write('visit-twice'))),
    ...Array.from({ length: WORKERS.read }, () => work(read)),
  ]

  const written = async (count: number) => {
    const goal = ledger.acknowledgedCount + count
    while (ledger.acknowledgedCount < goal) await sleep(2)
  }
  await written(UNITS)
  await cluster.failover({ how: 'crash', detectMs: scaled(100), promoteMs: scaled(400) })
  await written(UNITS)
  isStopping = true
  await Promise.all(workers)
  return { readFailures }
}
