import type { AuroraPool } from 'aurora-mysql2'
import type { AuroraPool as AuroraPromisePool } from 'aurora-mysql2/promise'
import type { ClusterOptions } from 'aurora-mysql2-simulator'
import type { Simulation } from '../../packages/driver/test/simulation.js'
import { eventually, simulate } from '../../packages/driver/test/simulation.js'

/** Every lag of a scenario is multiplied by this. */
export const SCALE = Number(process.env.TEST_TIME_SCALE ?? '0.25')

/** The most that a reader lags in these tests. */
export const MOST_LAG_MS = 5_000 * SCALE

/** A cluster with a table of notes, whose readers can be made to lag for real. */
export async function simulateNotes(options: ClusterOptions = {}): Promise<Simulation> {
  const simulation = await simulate(options)
  const { cluster } = simulation
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY, version INT NOT NULL)')
  await cluster.query(
    `CREATE PROCEDURE app.write_and_fail(IN id INT)
     BEGIN
       INSERT INTO app.note VALUES (id, 1);
       SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'failed after the write';
     END`,
  )
  return simulation
}

/**
 * Opens this many connections to each instance, and waits until they lie idle. In the simulator a connection shows the newest data
 * when it is opened, however far its reader lags; from then on it lags too. `run` says in which context each is opened.
 */
export async function warmUp(
  pool: AuroraPool | AuroraPromisePool,
  connections: number,
  run: (work: () => unknown) => unknown = (work) => work(),
): Promise<void> {
  await pool.aurora.ready()
  const promised = 'promise' in pool ? (pool.promise() as Pick<AuroraPromisePool, 'query'>) : pool
  const isWarm = () =>
    pool.aurora
      .stats()
      .instances.every(({ id, idle }) => idle >= connections || id === '(endpoint)')
  await eventually('every instance has its connections', async () => {
    const asked: unknown[] = []
    for (const role of ['writer', 'reader', 'reader', 'reader'])
      for (let turn = 0; turn < connections; turn++)
        asked.push(
          run(() => promised.query({ sql: 'SELECT SLEEP(0.01)', aurora: { role } } as never)),
        )
    await Promise.all(asked)
    return isWarm()
  })
}

/** Lets one reader lag by this much, whatever it did before; 0: as little as it can. */
export class Lags {
  readonly #simulation: Simulation
  readonly #heal = new Map<string, () => Promise<void>>()

  constructor(simulation: Simulation) {
    this.#simulation = simulation
  }

  async set(instance: string, lagMs: number): Promise<void> {
    const heal = this.#heal.get(instance)
    this.#heal.delete(instance)
    await heal?.()
    if (lagMs === 0) return
    this.#heal.set(
      instance,
      await this.#simulation.cluster.inject({ type: 'lag', instance, lagMs }),
    )
  }

  async setAll(lagMs: number): Promise<void> {
    for (const { id } of this.#simulation.cluster.readers) await this.set(id, lagMs)
  }
}
