import type { Cluster } from '../cluster/cluster.js'
import type { Holder } from '../cluster/holder.js'
import type { Work } from '../cluster/work.js'
import type { Command, PreparedHandle, ResultCallback } from '../contract/mysql2.js'
import type { SqlClass } from '../policy/sql-class.js'
import { ConnectionCommand } from './connection-command.js'

type PrepareCallback = (error: Error | null, statement?: PreparedHandle) => void

/**
 * `prepare()`: the statement lives on one physical connection, so the session stays there until it is released. Executions go
 * through the session's queue like every other statement.
 */
export function prepareInSession(
  cluster: Cluster,
  holder: Holder,
  options: unknown,
  callback: PrepareCallback,
  enqueue: (work: Work) => void,
): void {
  const given =
    typeof options === 'string' ? { sql: options } : (options as { readonly sql: string })
  const sqlClass = cluster.classifier.classify(typeof given.sql === 'string' ? given.sql : '')
  const prepare = new ConnectionCommand<PreparedHandle>(
    cluster,
    // Preparing has no effect, whatever the statement does; it only binds the session.
    {
      ...sqlClass,
      isRepeatable: true,
      setsState: true,
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
      holder.isPinned = true
      callback(null, inSession(cluster, holder, handle, sqlClass, enqueue))
    },
  )
  enqueue(prepare)
}

function inSession(
  cluster: Cluster,
  holder: Holder,
  handle: PreparedHandle,
  sqlClass: SqlClass,
  enqueue: (work: Work) => void,
): PreparedHandle {
  return {
    id: handle.id,
    query: handle.query,
    columns: handle.columns,
    parameters: handle.parameters,
    execute(values: unknown, callback?: ResultCallback) {
      const bound = typeof values === 'function' ? [] : values
      const done = typeof values === 'function' ? (values as ResultCallback) : callback
      let command: Command | undefined
      const work = new ConnectionCommand<[unknown, unknown]>(
        cluster,
        sqlClass,
        holder,
        (_core, ended) => {
          command = handle.execute(bound, (error, rows, fields) =>
            ended(error, [rows, fields], rows),
          )
        },
        (error, result) => done?.(error, result?.[0], result?.[1]),
      )
      enqueue(work)
      return command as Command
    },
    close: () => handle.close(),
  }
}
