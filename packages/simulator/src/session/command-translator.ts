import type { ColumnNames } from '../protocol/column-definition.js'
import { command } from '../protocol/commands.js'
import { readChangedUser, rewriteChangedUser } from '../protocol/handshake-response.js'
import { headerSize, packet, type ServerError } from '../protocol/packet.js'
import { rewriteAuroraSql } from '../sql/rewrite-aurora-sql.js'
import { storageUser } from './login.js'
import type { SessionHost, SessionReport } from './session-host.js'

/** A command as the storage gets it, or the answer that it gets without the storage. */
export type Translation =
  | {
      readonly kind: 'forward'
      readonly frame: Buffer
      /** Names to put back in the reply's column definitions. */
      readonly columnNames: ColumnNames
      /** Aurora's own names were replaced by what the instance says now. */
      readonly isRewritten: boolean
    }
  | { readonly kind: 'answer'; readonly error: ServerError }

const noNames: ColumnNames = new Map()

/** The text of COM_QUERY or COM_STMT_PREPARE, byte for byte; '' for other commands. */
export function commandText(code: number, frame: Buffer): string {
  const hasText = code === command.query || code === command.prepare
  return hasText ? frame.toString('latin1', headerSize + 1) : ''
}

/** Changes commands on their way to the storage where only the instance knows what they mean. */
export class CommandTranslator {
  readonly #host: SessionHost
  readonly #session: SessionReport

  constructor(host: SessionHost, session: SessionReport) {
    this.#host = host
    this.#session = session
  }

  translate(code: number, frame: Buffer, text: string): Translation {
    if (code === command.changeUser) return forward(this.#changeUser(frame))
    if (text === '') return forward(frame)
    if (this.#host.isRecordingStatements) {
      this.#host.onStatement(Buffer.from(text, 'latin1').toString('utf8'))
    }
    return this.translateText(code, text) ?? forward(frame)
  }

  /** Undefined: the text names nothing of Aurora's. */
  translateText(code: number, text: string): Translation | undefined {
    const rewritten = rewriteAuroraSql(text, this.#host.answers)
    if (!rewritten) return undefined
    // A statement that is only prepared has asked nothing yet.
    if (rewritten.asksTopology && code !== command.prepare) {
      const error = this.noteTopologyQuestion()
      if (error) return { kind: 'answer', error }
    }
    const payload = Buffer.concat([Buffer.of(code), Buffer.from(rewritten.sql, 'latin1')])
    const { columnNames } = rewritten
    return { kind: 'forward', frame: packet(payload, 0), columnNames, isRewritten: true }
  }

  /** Counts a question for the topology; the error that it gets, if any. */
  noteTopologyQuestion(): ServerError | undefined {
    this.#host.counters.topologyQuestions += 1
    this.#host.onTopologyAsked(this.#session)
    return this.#host.topologyError
  }

  #changeUser(frame: Buffer): Buffer {
    const { role, storage } = this.#host
    return rewriteChangedUser(frame, storageUser(readChangedUser(frame), role, storage.accounts))
  }
}

function forward(frame: Buffer): Translation {
  return { kind: 'forward', frame, columnNames: noNames, isRewritten: false }
}
