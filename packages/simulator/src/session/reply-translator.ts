import { command, runsStatement } from '../protocol/commands.js'
import { errorPayload, headerSize, packet, readError } from '../protocol/packet.js'
import type { PacketMeaning, ReplyTracker } from '../protocol/reply-tracker.js'
import { readOnlyRefusal } from './refusal.js'
import type { SessionHost, SessionReport } from './session-host.js'
import type { SessionRole } from './session-role.js'

/** Changes replies on their way to the client into those of the instance, and counts them. */
export class ReplyTranslator {
  readonly #host: SessionHost
  readonly #session: SessionReport
  readonly #role: SessionRole
  /** A statement of the application's has been taken and not yet answered. */
  #isStatementOpen = false

  constructor(host: SessionHost, session: SessionReport, role: SessionRole) {
    this.#host = host
    this.#session = session
    this.#role = role
  }

  /** The ERR packet as the instance would word it; undefined: as it is. */
  translateError(frame: Buffer): Buffer | undefined {
    this.countError()
    const error = readError(frame.subarray(headerSize))
    const sequence = frame[3] ?? 1
    const isReader = this.#role.role === 'reader'
    const refusal = isReader ? readOnlyRefusal(error, this.#role.hasReaderRights) : undefined
    if (refusal) {
      this.#host.counters.refused += 1
      this.#host.onRefused(this.#session, refusal)
      return packet(errorPayload(refusal), sequence)
    }
    const { user, readerUser } = this.#host.storage.accounts
    if (!error.message.includes(`'${readerUser}'@`)) return undefined
    const message = error.message.replaceAll(`'${readerUser}'@`, `'${user}'@`)
    return packet(errorPayload({ ...error, message }), sequence)
  }

  countCommand(code: number): void {
    const { counters } = this.#host
    this.#isStatementOpen = runsStatement(code) && this.#session.purpose === 'application'
    if (runsStatement(code)) counters.statements += 1
    else if (code === command.ping) counters.pings += 1
    else if (code === command.prepare) counters.prepared += 1
  }

  /** Counts the error that an open statement is answered with. */
  countError(): void {
    if (this.#isStatementOpen) this.#host.counters.errors += 1
    this.#isStatementOpen = false
  }

  /** Counts the open statement as one whose connection the instance has cut. */
  countCut(): void {
    if (this.#isStatementOpen) this.#host.counters.statementsCut += 1
    this.#isStatementOpen = false
  }

  /** The reply is complete. */
  countEnd(): void {
    this.#isStatementOpen = false
  }

  count(code: number, meaning: PacketMeaning, isFirst: boolean, tracker: ReplyTracker): void {
    if (!runsStatement(code)) return
    if (meaning === 'result-head') {
      if (isFirst && this.#session.purpose === 'application') this.#host.counters.reads += 1
    } else if (meaning === 'ok') {
      if (tracker.affectedRows > 0) this.#host.counters.writes += 1
      if (this.#role.role === 'writer') this.#host.onWrite()
    }
  }
}
