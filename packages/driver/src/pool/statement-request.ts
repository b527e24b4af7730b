import type { Cluster } from '../cluster/cluster.js'
import type { Holder } from '../cluster/holder.js'
import { Statement } from '../cluster/statement.js'
import { AuroraError } from '../contract/errors.js'
import type { Command, ResultCallback } from '../contract/mysql2.js'
import { checkStatementOptions } from '../contract/options.js'
import type { StatementOptions } from '../contract/statement-options.js'
import type { Role } from '../model/topology.js'

/**
 * Makes a statement of what the caller gave to `query` or `execute`, in any of mysql2's forms.
 *
 * @param within the session that it belongs to, or the role of the view that it came through
 * @throws AuroraError `ERR_AURORA_OPTION` for an `aurora` key or a hint that cannot be understood
 */
export function makeStatement(
  cluster: Cluster,
  method: 'query' | 'execute',
  sql: unknown,
  values: unknown,
  within: Holder | Role | undefined,
  command: Command | undefined,
  callback: ResultCallback | undefined,
): Statement {
  let text: unknown = sql
  let options: StatementOptions | undefined
  if (typeof sql === 'object' && sql !== null) {
    text = (sql as { sql?: unknown }).sql
    options = (sql as { aurora?: StatementOptions }).aurora
    if (options !== undefined) checkStatementOptions(options)
  }
  // mysql2 lets anything pass here and fails, or not, at the server; what is no text is no read.
  const sqlText = typeof text === 'string' ? text : ''
  const sqlClass = cluster.classifier.classify(sqlText)
  if (sqlClass.hintError !== undefined)
    throw new AuroraError('ERR_AURORA_OPTION', sqlClass.hintError)
  return new Statement(cluster, {
    method,
    sql,
    values,
    text: sqlText,
    sqlClass,
    options,
    holder: typeof within === 'object' ? within : undefined,
    viewRole: typeof within === 'string' ? within : undefined,
    context: cluster.consistency.current(),
    within: cluster.consistency.within,
    command,
    callback,
  })
}
