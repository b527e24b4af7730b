import type { ErrorDetail } from 'aurora-mysql2'
import type { Cluster } from 'aurora-mysql2-simulator'

/** What the caller of a unit of work was told. `'not-run'`: it failed, and nothing says that it may have taken effect. */
export type Ending = 'acknowledged' | 'unknown' | 'rolled-back' | 'not-run'

/** One write, or one transaction of several, that takes effect as a whole or not at all. */
export interface Unit {
  readonly id: string
  /** The way in which it is written: 'execute', 'transaction' and so on. */
  readonly kind: string
  /** How many rows it leaves. */
  readonly parts: number
  /** `performance.now()` at the call. */
  readonly calledAtMs: number
}

/** A unit that failed. */
export interface Failure extends Unit {
  readonly ending: Exclude<Ending, 'acknowledged'>
  readonly failedAtMs: number
  readonly error: Error & { readonly code?: string; readonly aurora?: ErrorDetail }
}

/** Where the tables and what callers were told differ: one line per unit, in words. All empty: no promise was broken. */
export interface Audit {
  /** Acknowledged, and not there. */
  readonly lost: readonly string[]
  /** There more than once. */
  readonly doubled: readonly string[]
  /** Some parts of a unit are there, others are not. */
  readonly halves: readonly string[]
  /** There, though its failure said that nothing took effect. */
  readonly denied: readonly string[]
  /** There, and nobody wrote it. */
  readonly strays: readonly string[]
  /** Neither acknowledged nor failed. */
  readonly unended: readonly string[]
}

/** What an audit finds when no promise about writes was broken. */
export const NOTHING_AMISS: Audit = {
  lost: [],
  doubled: [],
  halves: [],
  denied: [],
  strays: [],
  unended: [],
}

/** The statement that writes one part of a unit. */
export interface Insert {
  readonly sql: string
  readonly values: readonly [string, number]
}

/**
 * What callers were told of each unit of work that they wrote, to be compared with what the storage holds. Nothing that is written
 * is unique in its table, so that what ran twice is there twice.
 */
export class Ledger {
  /** With its schema, so that any session may write to it. */
  readonly table: string
  readonly failures: Failure[] = []
  readonly #units = new Map<string, { readonly unit: Unit; ending?: Ending; why?: string }>()
  readonly #onAcknowledged = new Set<(unit: Unit) => void>()
  #acknowledgedCount = 0

  private constructor(table: string) {
    this.table = table
  }

  /** Makes the table in the storage, past every instance. A table of this name must not exist. */
  static async open(cluster: Cluster, name = 'ledger'): Promise<Ledger> {
    const table = `app.${name}`
    await cluster.query(
      `CREATE TABLE ${table} (
        id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, unit VARCHAR(60) NOT NULL, part INT NOT NULL, KEY (unit)
      ) ENGINE=InnoDB`,
    )
    return new Ledger(table)
  }

  get acknowledgedCount(): number {
    return this.#acknowledgedCount
  }

  /** The text that writes a part, for `prepare`; it takes the unit's id and the part's number. */
  get insertSql(): string {
    return `INSERT INTO ${this.table} (unit, part) VALUES (?, ?)`
  }

  insert(unit: Unit, part = 0): Insert {
    return { sql: this.insertSql, values: [unit.id, part] }
  }

  /** Enters a unit that is about to be written; end it with `acknowledge` or `fail`. */
  enter(kind: string, parts = 1): Unit {
    const calledAtMs = performance.now()
    const unit: Unit = { id: `${kind}-${this.#units.size + 1}`, kind, parts, calledAtMs }
    this.#units.set(unit.id, { unit })
    return unit
  }

  acknowledge(unit: Unit): void {
    this.#end(unit, 'acknowledged')
    this.#acknowledgedCount += 1
    const listeners = [...this.#onAcknowledged]
    this.#onAcknowledged.clear()
    for (const listener of listeners) listener(unit)
  }

  fail(unit: Unit, error: unknown): void {
    const failure = error as Failure['error']
    const ending = failure.aurora?.outcome ?? 'not-run'
    this.#end(unit, ending, describe(failure))
    this.failures.push({ ...unit, ending, failedAtMs: performance.now(), error: failure })
  }

  /** Enters a unit, does the work, and notes how it ended; never rejects. */
  async keep(
    kind: string,
    work: (unit: Unit) => Promise<unknown>,
    parts = 1,
  ): Promise<'acknowledged' | Failure> {
    const unit = this.enter(kind, parts)
    try {
      await work(unit)
    } catch (error) {
      this.fail(unit, error)
      return this.failures.find(({ id }) => id === unit.id) as Failure
    }
    this.acknowledge(unit)
    return 'acknowledged'
  }

  /** Resolves with the next unit that is acknowledged. */
  nextAcknowledged(): Promise<Unit> {
    return new Promise((resolve) => this.#onAcknowledged.add(resolve))
  }

  /** Failed writes that do not say whether they took effect. */
  get unmarked(): readonly Failure[] {
    return this.failures.filter(({ error }) => error.aurora?.outcome === undefined)
  }

  /** Compares with what the storage holds now. */
  async audit(cluster: Cluster): Promise<Audit> {
    const rows = await cluster.query(
      `SELECT unit, part, COUNT(*) AS times FROM ${this.table} GROUP BY unit, part`,
    )
    const found = new Map<string, Map<number, number>>()
    for (const { unit, part, times } of rows) {
      const parts = found.get(String(unit)) ?? new Map<number, number>()
      found.set(String(unit), parts.set(Number(part), Number(times)))
    }
    const lists = { lost: [], doubled: [], halves: [], denied: [], strays: [], unended: [] }
    const audit: Record<keyof Audit, string[]> = lists
    for (const { unit, ending, why } of this.#units.values()) {
      const parts = found.get(unit.id) ?? new Map<number, number>()
      found.delete(unit.id)
      const line = `${unit.id} (${ending ?? 'still under way'}): ${parts.size} of ${unit.parts} parts${why ?? ''}`
      if (ending === undefined) audit.unended.push(line)
      if (ending === 'acknowledged' && parts.size === 0) audit.lost.push(line)
      if ([...parts.values()].some((times) => times > 1)) audit.doubled.push(line)
      if (parts.size > 0 && parts.size < unit.parts && ending !== undefined) audit.halves.push(line)
      const isSaidToBeAbsent = ending === 'rolled-back' || ending === 'not-run'
      if (isSaidToBeAbsent && parts.size > 0) audit.denied.push(line)
    }
    audit.strays.push(...found.keys())
    return audit
  }

  #end(unit: Unit, ending: Ending, why?: string): void {
    const entry = this.#units.get(unit.id)
    if (entry === undefined || entry.ending !== undefined) {
      throw new Error(`${unit.id} ends a second time, or was never entered`)
    }
    entry.ending = ending
    if (why !== undefined) entry.why = why
  }
}

function describe({ message, code, aurora }: Failure['error']): string {
  return `, failed: ${code ?? message} ${JSON.stringify(aurora ?? {})}`
}
