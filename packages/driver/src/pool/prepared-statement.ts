import type { Cluster } from '../cluster/cluster.js'
import type { Holder } from '../cluster/holder.js'
import { Statement } from '../cluster/statement.js'
import type { Work } from '../cluster/work.js'
import type {
  Command,
  ConnectionConfig,
  PreparedHandle,
  ResultCallback,
} from '../contract/mysql2.js'
import type { SqlClass } from '../policy/sql-class.js'
import { ConnectionCommand } from './connection-command.js'
import { makeCommand } from './make-command.js'

type PrepareCallback = (error: Error | null, statement?: PreparedHandle) => void

/** The session in which a statement is prepared. */
export interface PreparingSession {
  readonly cluster: Cluster
  readonly holder: Holder
  readonly config: ConnectionConfig
  enqueue(work: Work): void
}

/**
 * `prepare()`: the statement lives on one physical connection, so the session stays there until it is released. Executions go
 * through the session's queue like every other statement.
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
  const prepare = new ConnectionCommand<PreparedHandle>(
    cluster,
    // Preparing has no effect, whatever the statement does; it only binds the session.
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
      if (error !== null || handle === undefined) return callback(error)
      holder.bindForGood()
      callback(null, inSession(session, handle, sqlClass))
    },
  )
  session.enqueue(prepare)
}

function inSession(
  session: PreparingSession,
  handle: PreparedHandle,
  sqlClass: SqlClass,
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
      const { command } = makeCommand(handle.query, bound, done, config)
      session.enqueue(
        new Statement(cluster, {
          method: (ended) => handle.execute(bound, ended),
          sql: handle.query,
          values: bound,
          text: handle.query,
          sqlClass,
          options: undefined,
          holder,
          context: cluster.consistency.current(),
          viewRole: undefined,
          command,
          callback: done,
        }),
      )
      return command
    },
    close: () => handle.close(),
  }
}
