import { serverStatus } from '../protocol/capabilities.js'
import type { SessionHost } from './session-host.js'
import type { StorageLink } from './storage-link.js'

const beginSql = 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY'

const beginsTransaction = /^\s*(?:\/\*[\s\S]*?\*\/\s*)*(?:begin|start\s+transaction|xa)\b/i

const tableChanged = 1412
const transactionUnderWay = 1568

/** Bits that the client must not see while the snapshot is ours and not its own transaction. */
const hiddenStatus = serverStatus.inTransaction | serverStatus.inReadOnlyTransaction

/** A snapshot is looked after this many times in the time that it may grow old. */
const renewalsPerLag = 10
const shortestRenewalMs = 5

/**
 * Lag that a reader's session can see: outside the client's transactions the session stays in a
 * consistent snapshot. A snapshot never gets older than the lag, so that the lag reported is an upper
 * bound; and it is renewed early only while no write is younger than the lag, so that a write stays
 * invisible for (nine tenths of) the lag.
 */
export class LaggingSnapshot {
  readonly #storage: StorageLink
  readonly #host: SessionHost
  #takenAtMs: number | undefined
  #renewal: NodeJS.Timeout | undefined

  constructor(storage: StorageLink, host: SessionHost) {
    this.#storage = storage
    this.#host = host
  }

  get isWanted(): boolean {
    return this.#host.visibleLagMs > 0 && this.#host.role === 'reader'
  }

  /** The transaction that the server reports is the snapshot. */
  get isHeld(): boolean {
    return this.#takenAtMs !== undefined
  }

  /**
   * Whether `prepare` has something to do before the next command, whose text this is. Never before one that begins a
   * transaction: that would take the snapshot's place, and look as if it were the snapshot.
   */
  needsPreparing(isIdle: boolean, sql = ''): boolean {
    if (beginsTransaction.test(sql)) return false
    if (!this.isHeld) return this.isWanted && !this.#isInClientTransaction
    if (!this.isWanted) return true
    const nowMs = performance.now()
    const ageMs = nowMs - (this.#takenAtMs ?? 0)
    if (ageMs > this.#host.visibleLagMs) return true
    return isIdle && nowMs - this.#host.lastWriteAtMs > this.#host.visibleLagMs
  }

  /** Takes a new snapshot, or gives the old one up when lag is no longer wanted. */
  async prepare(): Promise<void> {
    if (!this.isWanted) {
      await this.release()
      return
    }
    const takenAtMs = performance.now()
    const error = await this.#storage.run(beginSql)
    this.#takenAtMs = error ? undefined : takenAtMs
  }

  async release(): Promise<void> {
    if (!this.isHeld) return
    this.#takenAtMs = undefined
    await this.#storage.run('COMMIT')
  }

  /** Whether an error comes from the snapshot alone: the table was changed, the isolation level set. */
  causes(errno: number): boolean {
    return errno === tableChanged || errno === transactionUnderWay
  }

  /** Makes room for the statement that got such an error. */
  async recover(errno: number): Promise<void> {
    await this.release()
    if (errno === tableChanged) await this.prepare()
  }

  /** The session was reset behind the snapshot's back. */
  forget(): void {
    this.#takenAtMs = undefined
  }

  /** Looks after the snapshot of an idle session until it is no longer idle. */
  renewWhileIdle(isIdle: () => boolean, renew: () => Promise<void>): void {
    clearTimeout(this.#renewal)
    if (!this.isWanted && !this.isHeld) return
    const afterMs = Math.max(shortestRenewalMs, this.#host.visibleLagMs / renewalsPerLag)
    this.#renewal = setTimeout(() => {
      if (!isIdle()) return
      if (this.needsPreparing(true)) void renew()
      else this.renewWhileIdle(isIdle, renew)
    }, afterMs)
    this.#renewal.unref()
  }

  close(): void {
    clearTimeout(this.#renewal)
  }

  /** Whether a statement opens a transaction of the client's own, which the snapshot must make room for. */
  isInTheWayOf(sql: string): boolean {
    return this.isHeld && beginsTransaction.test(sql)
  }

  /** After a reply: whether the snapshot is still what the status flags speak of. */
  follow(): void {
    const { status } = this.#storage.tracker
    const isOurs =
      (status & serverStatus.inTransaction) !== 0 &&
      (status & serverStatus.inReadOnlyTransaction) !== 0 &&
      (status & serverStatus.autocommit) !== 0
    if (!isOurs) this.#takenAtMs = undefined
  }

  /** Hides the snapshot in the status flags at `at`. */
  mask(buffer: Buffer, at: number): void {
    if (at < 0 || !this.isHeld) return
    buffer.writeUInt16LE(buffer.readUInt16LE(at) & ~hiddenStatus, at)
  }

  get #isInClientTransaction(): boolean {
    const { status } = this.#storage.tracker
    return (status & serverStatus.inTransaction) !== 0 || (status & serverStatus.autocommit) === 0
  }
}
