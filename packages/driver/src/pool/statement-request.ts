import type { Cluster } from '../cluster/cluster.js'
import type { Holder } from '../cluster/holder.js'
import { Statement, withText } from '../cluster/statement.js'
import { isTraced, StatementTracer } from '../cluster/statement-tracer.js'
import type { KillAim } from '../cluster/thread-tellings.js'
import type { Runner } from '../cluster/work.js'
import { AuroraError } from '../contract/errors.js'
import type { Command, ResultCallback } from '../contract/mysql2.js'
import { checkStatementOptions } from '../contract/options.js'
import { ownValues } from '../contract/own-values.js'
import type { StatementOptions } from '../contract/statement-options.js'
import type { Role } from '../model/topology.js'
import { type Kill, parseKill } from '../policy/parse-kill.js'
import type { SqlClass } from '../policy/sql-class.js'

/**
 * Makes a statement of what the caller gave to `query` or `execute`, in any of mysql2's forms. The values of a `query` are the caller's
 * own until `keepValues()`, which ends the call: mostly their text has been made by then, and nothing is copied.
 *
 * @param within the session that it belongs to, or the role of the view that it came through
 * @param runner what is told of its attempts
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
  runner: Runner = cluster,
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
  checkHint(sqlClass)
  const kill = sqlClass.intent === 'write' ? parseKill(sqlText, values ?? valuesIn(sql)) : undefined
  const holder = typeof within === 'object' ? within : undefined
  const aim = kill === undefined ? undefined : aimOf(cluster, kill, holder)
  // It runs beside whatever the session holds.
  const isBeside = aim?.pool !== undefined && !holder?.isBound
  const given =
    kill === undefined || aim === undefined
      ? requestAtCall(method, sql, values)
      : { sql: withText(sql, textOf(kill, aim)), values: undefined }
  const statement = new Statement(runner, {
    method,
    // By name: spread, they would cost three times as much.
    sql: given.sql,
    // mysql2 reads those of a prepared statement when it has been prepared.
    values: method === 'execute' ? ownValues(method, given.values) : given.values,
    text: sqlText,
    sqlClass,
    options,
    holder: isBeside ? undefined : holder,
    viewRole: typeof within === 'string' ? within : undefined,
    context: cluster.consistency.current(),
    within: cluster.consistency.within,
    command,
    callback,
  })
  if (isTraced()) statement.tracer = new StatementTracer(method, sqlClass.intent)
  if (isBeside) statement.destination = aim.pool
  if (aim?.holder !== undefined) {
    statement.victim = aim.holder
    aim.holder.killers++
    // It holds no connection that could be closed: it is over all the same.
    if (kill?.what === 'CONNECTION' && aim.pool === undefined) aim.holder.isDead = true
  }
  return statement
}

/**
 * Refuses a hint that cannot be understood.
 *
 * @throws AuroraError `ERR_AURORA_OPTION`
 */
export function checkHint({ hintError }: SqlClass): void {
  if (hintError !== undefined) throw new AuroraError('ERR_AURORA_OPTION', hintError)
}

/**
 * What was asked for, as it is at the call, but for what is in the values: it may run later, and again, when its caller has used the
 * object for something else. mysql2 takes the values from beside the options before those in them for `query`, and the other way round
 * for `execute`.
 */
export function requestAtCall(
  method: 'query' | 'execute',
  sql: unknown,
  values: unknown,
): { readonly sql: unknown; readonly values: unknown } {
  if (typeof sql !== 'object' || sql === null) return { sql, values }
  // Read by name, as mysql2 does: of a template's object they are a getter's.
  const { sql: text, values: inside } = sql as { readonly sql?: unknown; readonly values?: unknown }
  const given = method === 'query' ? (values ?? inside) : inside || values
  return { sql: { ...sql, sql: text, values: undefined }, values: asValues(given) }
}

/** A function is a value to mysql2 where it stands in the options, and the callback beside them. */
function asValues(given: unknown): unknown {
  return typeof given === 'function' ? [given] : given
}

function valuesIn(sql: unknown): unknown {
  return typeof sql === 'object' && sql !== null ? (sql as { values?: unknown }).values : undefined
}

/** What a KILL is meant for; undefined: it goes as it is. A session that is bound to another instance sends it where it is. */
function aimOf(cluster: Cluster, kill: Kill, holder: Holder | undefined): KillAim | undefined {
  const aim = cluster.tellings.aim(kill)
  return holder?.isBound && holder.lease?.lender !== aim?.pool ? undefined : aim
}

/** The KILL with the thread's id on that instance; where the session runs nothing there is nothing to kill. */
function textOf({ what }: Kill, { pool, threadId }: KillAim): string {
  return pool === undefined ? 'DO 0' : `KILL ${what} ${threadId}`
}
