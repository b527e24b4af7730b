import { unsupported } from '../../sql-error.js'
import { BIGINT, NULL_TYPE, stringType, UNSIGNED_BIGINT } from '../../values/sql-type.js'
import type { SessionView } from '../compilation.js'
import type { Emission, TypedValue } from '../emission.js'
import type { SqlFunction } from './compile-call.js'

function ofSession(value: (session: SessionView) => TypedValue): SqlFunction {
  return {
    min: 0,
    max: 0,
    compile: (compilation) => compilation.sessionValue(value(compilation.session)),
  }
}

const text = (value: string): TypedValue => ({ type: stringType([...value].length), value })

const database = ofSession((session) =>
  session.database === undefined ? { type: NULL_TYPE, value: null } : text(session.database),
)
const user = ofSession((session) => text(`${session.user}@localhost`))

function refused(what: string): SqlFunction {
  return {
    min: 0,
    max: 100,
    compile(): Emission {
      throw unsupported(what)
    },
  }
}

/** Functions that wait, or whose effect outlives the statement: alone in a query without tables the session runs them. */
const OUTSIDE_FUNCTIONS = [
  'SLEEP',
  'GET_LOCK',
  'RELEASE_LOCK',
  'RELEASE_ALL_LOCKS',
  'IS_FREE_LOCK',
  'IS_USED_LOCK',
] as const

/** One of the functions that the engine has no part in. */
export type OutsideFunctionName = (typeof OUTSIDE_FUNCTIONS)[number]

/** Functions of the session that asks. */
export const SESSION_FUNCTIONS: Readonly<Record<string, SqlFunction>> = {
  CONNECTION_ID: ofSession((session) => ({
    type: UNSIGNED_BIGINT,
    value: BigInt(session.connectionId),
  })),
  DATABASE: database,
  SCHEMA: database,
  USER: user,
  SESSION_USER: user,
  SYSTEM_USER: user,
  CURRENT_USER: ofSession((session) => text(`${session.user}@%`)),
  VERSION: ofSession((session) => session.systemVariable('session', 'version')),
  LAST_INSERT_ID: {
    min: 0,
    max: 1,
    compile(compilation, list) {
      if (list.length > 0) throw unsupported('LAST_INSERT_ID(expression)')
      const { lastInsertId } = compilation.session
      return compilation.sessionValue({ type: UNSIGNED_BIGINT, value: lastInsertId })
    },
  },
  ROW_COUNT: ofSession((session) => ({ type: BIGINT, value: session.rowCount })),
  FOUND_ROWS: ofSession((session) => ({ type: BIGINT, value: session.foundRows })),
  ...Object.fromEntries(
    OUTSIDE_FUNCTIONS.map((name) => [name, refused(`${name} inside a larger query`)]),
  ),
}
