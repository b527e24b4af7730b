import { plainSelect } from '../compile/compile-query.js'
import type { TypedValue } from '../compile/emission.js'
import type { OutsideFunctionName } from '../compile/functions/session-functions.js'
import type { Expression, Query, SelectItem } from '../sql/ast.js'
import { SqlError } from '../sql-error.js'
import { showInMessage } from '../values/show-value.js'
import { sleepFor } from './sleep.js'
import type { UserLockOwner, UserLocks } from './user-locks.js'

/** What a call outside the engine may touch. */
export interface OutsideSurroundings {
  readonly locks: UserLocks
  readonly owner: UserLockOwner
  /** Ends a wait. */
  readonly signal: AbortSignal
}

type OutsideFunction = (
  values: readonly TypedValue[],
  surroundings: OutsideSurroundings,
) => Promise<number | undefined> | number | undefined

interface Definition {
  readonly argumentCount: number
  /** Its value; undefined: NULL. */
  readonly run: OutsideFunction
}

/** Functions that wait, or whose effect outlives the statement: the engine has no part in them. */
const functions: Readonly<Record<OutsideFunctionName, Definition>> = {
  SLEEP: {
    argumentCount: 1,
    run: async ([seconds], { signal }) => Number(await sleepFor(given(seconds), signal)),
  },
  GET_LOCK: {
    argumentCount: 2,
    run: async ([name, seconds], { locks, owner, signal }) => {
      const time = given(seconds)
      if (time.value === null) return undefined
      return Number(await locks.acquire(text(name), owner, Number(text(time)), signal))
    },
  },
  RELEASE_LOCK: {
    argumentCount: 1,
    run: ([name], { locks, owner }) => {
      const wasReleased = locks.release(text(name), owner)
      return wasReleased === undefined ? undefined : Number(wasReleased)
    },
  },
  RELEASE_ALL_LOCKS: {
    argumentCount: 0,
    run: (_, { locks, owner }) => locks.releaseAll(owner),
  },
  IS_FREE_LOCK: {
    argumentCount: 1,
    run: ([name], { locks }) => Number(locks.ownerOf(text(name)) === undefined),
  },
  IS_USED_LOCK: {
    argumentCount: 1,
    run: ([name], { locks }) => locks.ownerOf(text(name))?.connectionId,
  },
}

/** A call to be made before the engine sees the query. */
export interface OutsideCall {
  readonly arguments: readonly Expression[]
  readonly run: OutsideFunction
}

/** A query with calls of such functions. */
export interface OutsideQuery {
  /** In the order of the query. */
  readonly calls: readonly OutsideCall[]
  /** The query with values in the place of the calls; undefined: NULL. */
  withValues(values: readonly (number | undefined)[]): Query
}

/** Takes the calls out of a query; undefined: it has none. */
export function takeOutsideCalls(query: Query): OutsideQuery | undefined {
  const select = plainSelect(query)
  if (!select || select.from) return undefined
  const calls = new Map<SelectItem, OutsideCall>()
  for (const item of select.items) {
    if (item.kind !== 'expression' || item.expression.kind !== 'call') continue
    const { name, arguments: list } = item.expression
    const definition = isOutside(name) ? functions[name] : undefined
    if (list.length === definition?.argumentCount) {
      calls.set(item, { arguments: list, run: definition.run })
    }
  }
  if (calls.size === 0) return undefined
  return {
    calls: [...calls.values()],
    withValues(values) {
      const remaining = [...values]
      const items = select.items.map((item): SelectItem => {
        if (item.kind !== 'expression' || !calls.has(item)) return item
        return { ...item, expression: literal(remaining.shift()) }
      })
      return { ...query, body: { ...select, items } }
    },
  }
}

/** The query with any value in the place of such calls: for finding out its columns. */
export function describableQuery(query: Query): Query {
  const outside = takeOutsideCalls(query)
  return outside?.withValues(outside.calls.map(() => 0)) ?? query
}

function isOutside(name: string): name is OutsideFunctionName {
  return Object.hasOwn(functions, name)
}

function literal(value: number | undefined): Expression {
  return value === undefined ? { kind: 'null' } : { kind: 'number', text: `${value}` }
}

function given(value: TypedValue | undefined): TypedValue {
  if (value) return value
  throw new SqlError(1582, '42000', 'Incorrect parameter count in the call to native function')
}

function text(value: TypedValue | undefined): string {
  const { value: content, type } = given(value)
  return content === null ? '' : showInMessage(content, type)
}
