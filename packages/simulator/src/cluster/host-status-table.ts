import { randomUUID } from 'node:crypto'
import type { HostStatusRow } from '../sql/host-status-sql.js'
import { LayeredValue } from './layered-value.js'

const writerSession = 'MASTER_SESSION_ID'

/** The column's time is the server's clock: Unix time with a fraction, as moving as the real one. */
function wallClockMs(): number {
  return performance.timeOrigin + performance.now()
}

/** A reader's lag is reported up to this part higher than it is, never lower. */
const lagSpread = 0.3

/** What a fault adds to what the table says. */
export interface TableDistortion {
  /** Shown as a second writer, with the older time stamp. */
  secondWriter?: string
  hasNoWriter?: boolean
  ghost?: { readonly serverId: string; readonly ageMs: number }
}

/** How much older than the writer's row a false writer's row is shown. */
const falseWriterAgeMs = 1500

/**
 * What the instances have reported about themselves: the truth behind every copy of
 * `replica_host_status`. An instance that stops reporting keeps its last row.
 */
export class HostStatusTable {
  readonly distortions = new Set<TableDistortion>()
  readonly #rows = new Map<string, HostStatusRow>()
  readonly #readerSessions = new Map<string, string>()

  /** An instance's report of itself: it is alive, and this is its role and lag now. */
  report(serverId: string, role: 'writer' | 'reader', lagMs: number): void {
    const sessionId = role === 'writer' ? writerSession : this.#readerSession(serverId)
    // A writer's lag means nothing; Aurora shows anything there.
    this.#rows.set(serverId, {
      serverId,
      sessionId,
      updatedAtMs: wallClockMs(),
      lagMs: role === 'writer' ? Math.random() * 1000 : lagMs * (1 + Math.random() * lagSpread),
      cpu: 2 + Math.random() * 6,
    })
  }

  remove(serverId: string): void {
    this.#rows.delete(serverId)
    this.#readerSessions.delete(serverId)
    // Another instance may come to have its name.
    for (const each of this.distortions)
      if (each.secondWriter === serverId) this.distortions.delete(each)
  }

  /** The rows as a copy made now has them. */
  rows(): readonly HostStatusRow[] {
    let rows = [...this.#rows.values()]
    for (const distortion of this.distortions) rows = this.#distort(rows, distortion)
    return rows
  }

  #distort(rows: readonly HostStatusRow[], distortion: TableDistortion): HostStatusRow[] {
    const { secondWriter, hasNoWriter, ghost } = distortion
    const shown = rows.map((row): HostStatusRow => {
      // One that has become the writer meanwhile says the truth.
      if (row.serverId === secondWriter && row.sessionId !== writerSession) {
        const updatedAtMs = row.updatedAtMs - falseWriterAgeMs
        return { ...row, sessionId: writerSession, updatedAtMs }
      }
      if (hasNoWriter && row.sessionId === writerSession) {
        return { ...row, sessionId: this.#readerSession(row.serverId) }
      }
      return row
    })
    if (!ghost) return shown
    const sessionId = this.#readerSession(ghost.serverId)
    const updatedAtMs = wallClockMs() - ghost.ageMs
    return [...shown, { serverId: ghost.serverId, sessionId, updatedAtMs, lagMs: 20, cpu: 1 }]
  }

  #readerSession(serverId: string): string {
    const known = this.#readerSessions.get(serverId) ?? randomUUID()
    this.#readerSessions.set(serverId, known)
    return known
  }
}

/** One instance's copy of the table, refreshed in intervals and possibly stale. */
export class TopologyCopy {
  readonly #table: HostStatusTable
  readonly #onChange: (writer: string | undefined, members: readonly string[]) => void
  readonly #freezes = new Set<object>()
  #rows: readonly HostStatusRow[] = []
  #signature = ''
  readonly isEmpty = new LayeredValue(false)

  constructor(
    table: HostStatusTable,
    onChange: (writer: string | undefined, members: readonly string[]) => void,
  ) {
    this.#table = table
    this.#onChange = onChange
  }

  get rows(): readonly HostStatusRow[] {
    return this.isEmpty.current ? [] : this.#rows
  }

  /** Takes over the table as it is now, unless the copy is frozen. */
  refresh(): void {
    if (this.#freezes.size > 0) return
    this.#rows = this.#table.rows()
    const writers = this.#rows.filter((row) => row.sessionId === writerSession)
    const newest = writers.toSorted((a, b) => b.updatedAtMs - a.updatedAtMs)[0]?.serverId
    const members = this.#rows.map((row) => row.serverId)
    const signature = [newest, ...members].join(' ')
    if (signature === this.#signature) return
    this.#signature = signature
    this.#onChange(newest, members)
  }

  /** Stops refreshing; returns how to go on. Several freezes may overlap. */
  freeze(): () => void {
    const freeze = {}
    this.#freezes.add(freeze)
    return () => {
      if (this.#freezes.delete(freeze)) this.refresh()
    }
  }
}
