import type { Cluster } from '../cluster/cluster.js'
import type { Holder } from '../cluster/holder.js'
import type { Work } from '../cluster/work.js'
import type {
  Command,
  ConnectionConfig,
  CoreConnection,
  PreparedHandle,
  ResultCallback,
} from '../contract/mysql2.js'
import { ConnectionCommand } from './connection-command.js'
import { makeCommand } from './make-command.js'
import { makeStatement } from './statement-request.js'

type PrepareCallback = (error: Error | null, statement?: PreparedHandle) => void

/** The session in which a statement is prepared. */
export interface PreparingSession {
  readonly cluster: Cluster
  readonly holder: Holder
  readonly config: ConnectionConfig
  /** The physical connection held now. */
  core(): CoreConnection | undefined
  enqueue(work: Work): void
}

/**
 * `prepare()`: asks the server what the statement is, on a connection that may run it. The handle does not bind the session: each
 * execution goes through the session's queue like every other statement, and is prepared where it runs, once per connection (mysql2
 * keeps statements by their text, up to `maxPreparedStatements`).
 */
export function prepareInSession(
  session: PreparingSession,
  options: unknown,
  callback: PrepareCallback,
): void {
  const { cluster, holder } = session
  const given =
    typeof options === 'string' ? { sql: options } : (options as { readonly sql: string })
  const sqlClass = cluster.classifier.classify(typeof given.sql === 'string' ? given.sql : '')
  session.enqueue(
    new ConnectionCommand<PreparedHandle>(
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
      holder,
      (core, done) => {
        core.prepare(given, done)
      },
      (error, handle) => {
        if (error !== null || handle === undefined) callback(error)
        else callback(null, inSession(session, given, handle))
      },
    ),
  )
}

function inSession(
  session: PreparingSession,
  given: { readonly sql: string },
  handle: PreparedHandle,
): PreparedHandle {
  const { cluster, holder, config } = session
  return {
    id: handle.id,
    query: handle.query,
    columns: handle.columns,
    parameters: handle.parameters,
    _connection: handle._connection,
    execute(values: unknown, callback?: ResultCallback): Command {
      const bound = typeof values === 'function' ? [] : values
      const done = typeof values === 'function' ? (values as ResultCallback) : callback
      const { command } = makeCommand(given, bound, done, config)
      session.enqueue(makeStatement(cluster, 'execute', given, bound, holder, command, done))
      return command
    },
    close: () => session.core()?.unprepare(given),
  }
}
