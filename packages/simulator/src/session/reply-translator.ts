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

  constructor(host: SessionHost, session: SessionReport, role: SessionRole) {
    this.#host = host
    this.#session = session
    this.#role = role
  }

  /** The ERR packet as the instance would word it; undefined: as it is. */
  translateError(frame: Buffer): Buffer | undefined {
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
    if (runsStatement(code)) counters.statements += 1
    else if (code === command.ping) counters.pings += 1
    else if (code === command.prepare) counters.prepared += 1
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
