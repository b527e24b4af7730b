import type { ColumnNames } from '../protocol/column-definition.js'
import { command } from '../protocol/commands.js'
import { readChangedUser, rewriteChangedUser } from '../protocol/handshake-response.js'
import { headerSize, packet, type ServerError } from '../protocol/packet.js'
import { rewriteAuroraSql } from '../sql/rewrite-aurora-sql.js'
import { storageAccount } from './login.js'
import { unknownThread } from './refusal.js'
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
      /** What has to be done before; with the error that the client gets if it fails. */
      readonly first?: () => Promise<ServerError | undefined>
    }
  | { readonly kind: 'answer'; readonly error: ServerError }

/** What ends a session of this server, or what it runs. */
const killStatement = /^\s*KILL\s+(?:(?:CONNECTION|QUERY)\s+)?(\d+)\s*;?\s*$/i

/** A statement whose answer is the storage's OK. */
const doNothing = packet(Buffer.concat([Buffer.of(command.query), Buffer.from('DO 0')]), 0)

/** Nothing to put back. */
export const noNames: ColumnNames = new Map()

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
    return this.#kill(code, text) ?? this.translateText(code, text) ?? forward(frame)
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

  /**
   * The storage knows the sessions of all instances; an instance knows its own. And the storage knows one user by two accounts,
   * while a user may end all of his sessions: those of the other account are ended in his name.
   */
  #kill(code: number, text: string): Translation | undefined {
    const number = killStatement.exec(text)?.[1]
    if (number === undefined) return undefined
    const { storage } = this.#host
    const owner = this.#host.accountOf(Number(number))
    if (owner === undefined) return { kind: 'answer', error: unknownThread(number) }
    const { user, readerUser } = storage.accounts
    const other = { [user]: readerUser, [readerUser]: user }[this.#session.account]
    if (owner !== other || code === command.prepare) return undefined
    const first = () => storage.query(text).then(() => undefined, asServerError)
    return { ...forward(doNothing), first }
  }

  #changeUser(frame: Buffer): Buffer {
    return rewriteChangedUser(frame, storageAccount(readChangedUser(frame), this.#host))
  }
}

/** An administrator's error, as the client gets it. */
function asServerError(error: { errno?: number; sqlState?: string; message: string }): ServerError {
  return { errno: error.errno ?? 1105, sqlState: error.sqlState ?? 'HY000', message: error.message }
}

function forward(frame: Buffer): Translation & { readonly kind: 'forward' } {
  return { kind: 'forward', frame, columnNames: noNames, isRewritten: false }
}
