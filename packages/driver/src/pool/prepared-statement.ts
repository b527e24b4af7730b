import { EventEmitter } from 'node:events'
import type { Cluster } from '../cluster/cluster.js'
import type { Holder } from '../cluster/holder.js'
import type { Work } from '../cluster/work.js'
import type {
  Command,
  ConnectionConfig,
  PreparedHandle,
  ResultCallback,
} from '../contract/mysql2.js'
import { checkStatementOptions } from '../contract/options.js'
import type { StatementOptions } from '../contract/statement-options.js'
import { HAS_UNDEFINED } from './bind-values.js'
import { ConnectionCommand } from './connection-command.js'
import { makeCommand } from './make-command.js'
import { checkHint, makeStatement } from './statement-request.js'

type PrepareCallback = (error: Error | null, statement?: PreparedHandle) => void

/** What is prepared: of all else that the caller gave mysql2 takes nothing for what is executed later. */
interface PreparedRequest {
  readonly sql: string
  readonly aurora?: StatementOptions
  readonly typeCast?: unknown
}

/** The session in which a statement is prepared. */
export interface PreparingSession {
  readonly cluster: Cluster
  readonly config: ConnectionConfig
  /** What the connection applies to each statement. */
  readonly typeCast: unknown
  /** To whom what is issued now belongs. */
  issuer(): Holder
  enqueue(work: Work): void
  /** Forgets a statement, wherever it is prepared, once what was issued before has ended. */
  unprepareInTurn(sql: unknown): void
}

/**
 * `prepare()`: asks the server what the statement is, on a connection that may run it. The handle does not bind the session: each
 * execution goes through the session's queue like every other statement, and is prepared where it runs, once per connection (mysql2
 * keeps statements by their text, up to `maxPreparedStatements`).
 */
export function prepareInSession(
  session: PreparingSession,
  options: unknown,
  callback: PrepareCallback | undefined,
): EventEmitter {
  const { cluster, typeCast } = session
  const { sql, aurora }: PreparedRequest =
    typeof options === 'string' ? { sql: options } : (options as PreparedRequest)
  const given = {
    sql,
    ...(aurora === undefined ? {} : { aurora }),
    ...(typeCast === undefined ? {} : { typeCast }),
  }
  const sqlClass = cluster.classifier.classify(typeof sql === 'string' ? sql : '')
  try {
    if (aurora !== undefined) checkStatementOptions(aurora)
    checkHint(sqlClass)
  } catch (error) {
    if (callback !== undefined) process.nextTick(callback, error as Error)
    return new EventEmitter()
  }
  const issuer = session.issuer()
  const done = (error: Error | null, handle?: PreparedHandle): void => {
    if (error !== null || handle === undefined) callback?.(error)
    else callback?.(null, new PreparedStatementInfo(session, given, handle))
  }
  const command = new ConnectionCommand<PreparedHandle>(
    cluster,
    // Preparing has no effect, whatever the statement does.
    {
      ...sqlClass,
      isRepeatable: true,
      setsState: false,
      pins: false,
      control: 'none',
      mayCommit: false,
    },
    issuer,
    (core, ended) => {
      issuer.notePrepared(core)
      core.prepare(given, ended)
    },
    callback === undefined ? undefined : done,
  )
  session.enqueue(command)
  return command.emitter
}

/** mysql2's handle, by name and members; it runs in its session. */
class PreparedStatementInfo implements PreparedHandle {
  readonly #session: PreparingSession
  readonly #given: PreparedRequest
  readonly query: string
  readonly id: number
  readonly columns: unknown
  readonly parameters: unknown
  readonly rowParser = null
  readonly _connection: unknown

  constructor(session: PreparingSession, given: PreparedRequest, handle: PreparedHandle) {
    this.#session = session
    this.#given = given
    this.query = handle.query
    this.id = handle.id
    this.columns = handle.columns
    this.parameters = handle.parameters
    this._connection = handle._connection
  }

  execute(values: unknown, callback?: ResultCallback): Command {
    const session = this.#session
    const given = this.#given
    const bound = typeof values === 'function' ? [] : values
    const done = typeof values === 'function' ? (values as ResultCallback) : callback
    const { command } = makeCommand(given, bound, done, session.config)
    const { cluster } = session
    const issuer = session.issuer()
    const statement = makeStatement(cluster, 'execute', given, bound, issuer, command, done)
    statement.reword = inWordsOfPrepared
    session.enqueue(statement)
    return command
  }

  close(): void {
    this.#session.unprepareInTurn(this.#given)
  }
}

/** mysql2 knows the statement by its number alone: its error has no text, and another message for a value that is missing. */
function inWordsOfPrepared(error: unknown): void {
  const told = error as Error & { sql?: string | undefined }
  if (told.sql !== undefined) told.sql = undefined
  else if (told.message === HAS_UNDEFINED)
    told.message = 'Bind parameters must not contain undefined'
}
