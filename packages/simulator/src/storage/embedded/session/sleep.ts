import { plainSelect } from '../compile/compile-query.js'
import type { TypedValue } from '../compile/emission.js'
import type { Expression, Query, SelectItem } from '../sql/ast.js'
import { SqlError } from '../sql-error.js'
import { showInMessage } from '../values/show-value.js'

/** Takes the SLEEPs out of a query without tables: waiting is not the engine's affair. */
export function takeSleep(query: Query): {
  readonly query: Query
  readonly seconds: readonly Expression[]
} {
  const select = plainSelect(query)
  if (!select || select.from) return { query, seconds: [] }
  const seconds: Expression[] = []
  const items = select.items.map((item): SelectItem => {
    if (item.kind !== 'expression' || item.expression.kind !== 'call') return item
    const { name, arguments: list } = item.expression
    const [argument] = list
    if (name !== 'SLEEP' || list.length !== 1 || !argument) return item
    seconds.push(argument)
    return { ...item, expression: { kind: 'number', text: '0' } }
  })
  if (seconds.length === 0) return { query, seconds }
  return { query: { ...query, body: { ...select, items } }, seconds }
}

/** Waits; true if it was woken before the time was over. */
export function sleepFor(seconds: TypedValue, signal: AbortSignal): Promise<boolean> {
  const wanted =
    seconds.value === null ? Number.NaN : Number(showInMessage(seconds.value, seconds.type))
  if (!(wanted >= 0)) {
    throw new SqlError(1210, 'HY000', 'Incorrect arguments to sleep.')
  }
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer)
      resolve(true)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', wake)
      resolve(false)
    }, wanted * 1000)
    signal.addEventListener('abort', wake, { once: true })
    if (signal.aborted) wake()
  })
}
