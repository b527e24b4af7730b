import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pause, scaled } from '../../packages/driver/test/simulation.js'
import { Application, type Ask, useApplications } from './application.js'
import { Ledger, NOTHING_AMISS } from './ledger.js'
import { useScenarios } from './scenario.js'
import { Wire } from './wire.js'

const scenarios = useScenarios()
useApplications()

/** Longer than the gap in the clock after which nothing is believed, and than every scaled interval. */
const FROZEN_MS = 2_500
/** Work that is due by a timer while the process is frozen: it begins before anything has been heard of a socket. */
const DUE_MS = 1_500
const READ = 'SELECT id FROM app.number ORDER BY id LIMIT 1'

let wire: Wire
let ledger: Ledger
const applications = new Set<Application>()
let count = 0

beforeEach(async () => {
  wire = new Wire(scenarios.cluster)
  count += 1
  ledger = await Ledger.open(scenarios.cluster, `frozen_${count}`)
})

afterEach(async () => {
  for (const application of applications) application.kill()
  applications.clear()
  await wire.close()
})

/** Asks an application to write a unit, and enters how it ended. */
function write(to: Application, ask: Partial<Ask> = {}): Promise<unknown> {
  return ledger.keep('write', (unit) => to.query({ ...ledger.insert(unit), ...ask }))
}

/** An application with idle connections to every instance, and two sessions that keep theirs. */
async function start(checkIdleAfterMs: number): Promise<Application> {
  const application = await Application.start(scenarios.cluster, { checkIdleAfterMs }, (address) =>
    wire.addressFor(address),
  )
  applications.add(application)
  await Promise.all([
    ...Array.from({ length: 8 }, () => write(application)),
    ...Array.from({ length: 8 }, () => application.query({ sql: READ })),
    write(application, { session: 'writes' }),
    application.query({ sql: READ, session: 'reads' }),
  ])
  return application
}

function dueWork(application: Application, afterMs: number): readonly Promise<unknown>[] {
  return [
    ...Array.from({ length: 4 }, () => write(application, { afterMs })),
    write(application, { session: 'writes', afterMs }),
    application.query({ sql: READ, afterMs }),
    application.query({ sql: READ, session: 'reads', afterMs }),
  ]
}

/** What becomes of the peers of a frozen process, and where its connections lead then. */
const cuts: readonly (readonly [string, () => Promise<unknown>])[] = [
  [
    'its connections are reset',
    () =>
      Promise.all(
        scenarios.cluster.instances.map(({ id }) =>
          scenarios.cluster.inject({ type: 'reset', instance: id }),
        ),
      ),
  ],
  [
    'its instances restart',
    () => Promise.all(scenarios.cluster.instances.map(({ id }) => scenarios.cluster.restart(id))),
  ],
  ['its connections lead nowhere, and nobody says so', async () => wire.loseSilently()],
  ['another writer is promoted', () => scenarios.cluster.failover({ returnMs: scaled(100) })],
  ['its writer is demoted in place', () => scenarios.cluster.demote()],
]

describe('a process is frozen', () => {
  it('while a write waits for the writer, which is back before it goes on: the time does not count', async () => {
    const { cluster } = scenarios
    const waiting = { failoverTimeoutMs: 1_500 }
    const application = await Application.start(cluster, waiting, (address) =>
      wire.addressFor(address),
    )
    applications.add(application)
    await write(application)
    const { id } = cluster.writer
    await cluster.crash(id)
    await pause(100)
    const asked = [write(application), write(application)]
    await pause(200)
    application.freeze()
    await cluster.restart(id)
    await pause(FROZEN_MS)
    application.thaw()
    await Promise.all(asked)
    expect(ledger.failures).toEqual([])
    expect(await ledger.audit(cluster)).toEqual(NOTHING_AMISS)
    expect(await application.end()).toBe(0)
  })

  it.each(cuts)('and meanwhile %s: nothing fails when it goes on', async (_, cut) => {
    // Frozen for longer than a connection may lie unused unchecked; and, as installed, for less.
    const frozen = await Promise.all([start(scaled(2_000)), start(30_000)])
    expect(ledger.failures).toEqual([])
    const onTime = frozen.flatMap((application) => dueWork(application, DUE_MS))
    await pause(50)
    for (const application of frozen) application.freeze()
    await cut()
    await pause(FROZEN_MS)
    // These wait in the kernel, as requests of its clients do.
    const asked = frozen.flatMap((application) => dueWork(application, 0))
    for (const application of frozen) application.thaw()
    await Promise.all([...onTime, ...asked])
    await Promise.all(frozen.flatMap((application) => dueWork(application, 0)))
    expect(ledger.failures).toEqual([])
    expect(await ledger.audit(scenarios.cluster)).toEqual(NOTHING_AMISS)
    for (const application of frozen) {
      await Promise.all([application.release('writes'), application.release('reads')])
      expect(await application.end()).toBe(0)
    }
  })
})
