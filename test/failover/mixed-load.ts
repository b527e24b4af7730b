import { setTimeout as sleep } from 'node:timers/promises'
import type { AuroraPool } from 'aurora-mysql2'
import type { Cluster } from 'aurora-mysql2-simulator'
import type { Pool, PoolConnection } from 'mysql2/promise'
import type { Ledger } from './ledger.js'

/** Rows of the table that is read from; many enough for several packets. */
const NUMBERS = 50
const NUMBERS_SQL = 'SELECT id FROM app.number ORDER BY id'
/** Each worker rests up to so long between two requests. */
const REST_MS = 10

/** A read that failed, or whose answer was not what it had to be. */
export interface ReadFailure {
  readonly kind: string
  readonly calledAtMs: number
  readonly error: unknown
  /** Rows had reached the caller, so that nothing could be run again unseen. */
  readonly hasDelivered: boolean
}

/** The ways in which applications write; each worker uses one of them. */
export type WriteKind =
  | 'query'
  | 'execute'
  | 'callback'
  | 'session'
  | 'prepared'
  | 'transaction'
  | 'repeated'
  | 'exactly-once'
/** The ways in which applications read. */
export type ReadKind = 'read' | 'read-execute' | 'read-callback' | 'read-session' | 'read-stream'

const WRITE_KINDS: readonly WriteKind[] = [
  'query',
  'execute',
  'callback',
  'session',
  'prepared',
  'transaction',
  'repeated',
  'exactly-once',
]
/** Those that write two rows in one transaction: by hand, by `pool.transaction`, and by that with a token. */
const TRANSACTIONS: ReadonlySet<WriteKind> = new Set(['transaction', 'repeated', 'exactly-once'])
const READ_KINDS: readonly ReadKind[] = [
  'read',
  'read-execute',
  'read-callback',
  'read-session',
  'read-stream',
]

/** How many workers use each way; absent: one. */
export type Workers = { readonly [Kind in WriteKind | ReadKind]?: number }

/** Makes the table that reads are made from, and the one for tokens; once per cluster. */
export async function createTables(cluster: Cluster): Promise<void> {
  await cluster.query(
    `CREATE TABLE app.aurora_mysql2_token (
      token BINARY(16) NOT NULL PRIMARY KEY,
      created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
      KEY (created_at)
    )`,
  )
  await cluster.query('CREATE TABLE app.number (id INT PRIMARY KEY)')
  const numbers = Array.from({ length: NUMBERS }, (_, index) => `(${index + 1})`)
  await cluster.query(`INSERT INTO app.number (id) VALUES ${numbers.join(', ')}`)
}

/** An application at work: every way of writing and of reading at the same time, each request after the one before it. */
export class MixedLoad {
  readonly readFailures: ReadFailure[] = []
  readonly counts = new Map<string, number>()
  readonly #ledger: Ledger
  readonly #callbacks: AuroraPool
  readonly #promises: Pool
  readonly #inRequest: AuroraPool['aurora']['session']
  readonly #transact: AuroraPool['transaction']
  readonly #workers: Promise<void>[] = []
  #isStopping = false
  #resumed = Promise.resolve()
  #resume: () => void = () => {}
  #underWay = 0

  constructor(ledger: Ledger, pool: AuroraPool) {
    this.#ledger = ledger
    this.#callbacks = pool
    this.#promises = pool.promise()
    this.#inRequest = (work) => pool.aurora.session(work)
    this.#transact = (work, options) => pool.transaction(work, options)
  }

  start(workers: Workers = {}): void {
    for (const kind of WRITE_KINDS) {
      this.#hire(kind, workers[kind] ?? 1, () => this.#write(kind))
    }
    for (const kind of READ_KINDS) this.#hire(kind, workers[kind] ?? 1, () => this.#read(kind))
  }

  /** Resolves when the last request has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.resume()
    await Promise.all(this.#workers)
  }

  /** No request begins from now on; resolves when none is under way. */
  async pause(): Promise<void> {
    this.#resumed = new Promise((resolve) => {
      this.#resume = resolve
    })
    while (this.#underWay > 0) await sleep(1)
  }

  resume(): void {
    this.#resume()
  }

  /** Requests that were answered, per kind or in all. */
  count(kind?: WriteKind | ReadKind): number {
    if (kind !== undefined) return this.counts.get(kind) ?? 0
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Resolves when each of the kinds that have workers was answered so often from now on. */
  async serve(times = 1): Promise<void> {
    const before = new Map(this.counts)
    while (
      [...this.counts].some(([kind, count]) => count < (before.get(kind) ?? 0) + times) &&
      !this.#isStopping
    ) {
      await sleep(2)
    }
  }

  #hire(kind: string, count: number, request: () => Promise<boolean>): void {
    if (count > 0) this.counts.set(kind, 0)
    for (let index = 0; index < count; index += 1) {
      this.#workers.push(this.#work(kind, request))
    }
  }

  async #work(kind: string, request: () => Promise<boolean>): Promise<void> {
    while (!this.#isStopping) {
      this.#underWay += 1
      const isAnswered = await this.#inRequest(request)
      this.#underWay -= 1
      if (isAnswered) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
      await this.#resumed
      await sleep(REST_MS * Math.random())
    }
  }

  async #write(kind: WriteKind): Promise<boolean> {
    const ledger = this.#ledger
    const parts = TRANSACTIONS.has(kind) ? 2 : 1
    const ending = await ledger.keep(
      kind,
      (unit) => {
        const { sql, values } = ledger.insert(unit)
        switch (kind) {
          case 'query':
            return this.#promises.query(sql, [...values])
          case 'execute':
            return this.#promises.execute(sql, [...values])
          case 'callback':
            return this.#called((done) => this.#callbacks.query(sql, [...values], done))
          case 'session':
            return this.#session((session) => session.query(sql, [...values]))
          case 'prepared':
            return this.#session(async (session) => {
              const statement = await session.prepare(sql)
              await statement.execute([...values])
              statement.close()
            })
          case 'transaction':
            return this.#transaction(async (session) => {
              await session.query(sql, [...values])
              await session.query(NUMBERS_SQL)
              await session.execute(sql, [unit.id, 1])
            })
          case 'repeated':
          case 'exactly-once':
            return this.#transact(
              async (transaction) => {
                await transaction.query(sql, [...values])
                await transaction.query(NUMBERS_SQL)
                await transaction.execute(sql, [unit.id, 1])
              },
              { exactlyOnce: kind === 'exactly-once' },
            )
        }
      },
      parts,
    )
    return ending === 'acknowledged'
  }

  async #read(kind: ReadKind): Promise<boolean> {
    const calledAtMs = performance.now()
    const delivered: unknown[] = []
    try {
      const rows = await this.#rows(kind, delivered)
      const ids = (rows as { readonly id: number }[]).map(({ id }) => id)
      if (ids.length === NUMBERS && ids.every((id, index) => id === index + 1)) return true
      throw new Error(`A read answered with the wrong rows: ${ids.join()}`)
    } catch (error) {
      const hasDelivered = delivered.length > 0
      this.readFailures.push({ kind, calledAtMs, error, hasDelivered })
      return false
    }
  }

  async #rows(kind: ReadKind, delivered: unknown[]): Promise<unknown> {
    switch (kind) {
      case 'read':
        return (await this.#promises.query(NUMBERS_SQL))[0]
      case 'read-execute':
        return (await this.#promises.execute(`${NUMBERS_SQL} LIMIT ?`, [`${NUMBERS}`]))[0]
      case 'read-callback':
        return this.#called((done) => this.#callbacks.query(NUMBERS_SQL, done))
      case 'read-session':
        return this.#session(async (session) => {
          await session.query('SELECT COUNT(*) AS n FROM app.number')
          return (await session.query(NUMBERS_SQL))[0]
        })
      case 'read-stream':
        for await (const row of this.#callbacks.query(NUMBERS_SQL).stream()) delivered.push(row)
        return delivered
    }
  }

  #called(start: (done: (error: Error | null, result: unknown) => void) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      start((error, result) => (error === null ? resolve(result) : reject(error)))
    })
  }

  async #session<T>(work: (session: PoolConnection) => Promise<T>): Promise<T> {
    const session = await this.#promises.getConnection()
    try {
      return await work(session)
    } finally {
      session.release()
    }
  }

  #transaction(work: (session: PoolConnection) => Promise<unknown>): Promise<void> {
    return this.#session(async (session) => {
      await session.beginTransaction()
      try {
        await work(session)
        await session.commit()
      } catch (error) {
        await session.rollback().catch(() => {})
        throw error
      }
    })
  }
}
