import type { Expression, OrderItem, Select, SelectItem } from '../sql/ast.js'
import { SqlError, unsupported } from '../sql-error.js'
import type { SqlType } from '../values/sql-type.js'
import { collated } from './comparison.js'
import type { Compilation } from './compilation.js'
import { compileExpression } from './compile-expression.js'
import { compileFrom } from './compile-from.js'
import { type CompiledQuery, columnAlias, orderTerm, type ResultColumn } from './compile-query.js'
import { settle, toCommonType, toTruth } from './conversion.js'
import type { Emission } from './emission.js'
import { containsAggregate } from './functions/aggregates.js'
import { Grouping } from './grouping.js'
import type { Clause, Scope } from './scope.js'

interface Item {
  readonly name: string
  readonly expression: Expression | undefined
  readonly emission: Emission
}

/** Compiles one SELECT with its ORDER BY. */
export function compileSelect(
  compilation: Compilation,
  select: Select,
  orderBy: readonly OrderItem[],
  outer: Scope,
  targets: readonly SqlType[] | undefined,
): CompiledQuery {
  const from = select.from
    ? compileFrom(compilation, select.from, outer)
    : { sql: '', tables: [] as Scope['tables'] }
  const base: Scope = { ...outer, tables: from.tables }
  const at = (clause: Clause, more: Partial<Scope> = {}): Scope => ({ ...base, clause, ...more })

  const where =
    select.where && toTruth(compilation, compileExpression(at('where clause'), select.where))
  const isGrouped =
    select.groupBy.length > 0 ||
    containsAggregate(select.having) ||
    [...select.items, ...orderBy].some(
      (item) => 'expression' in item && containsAggregate(item.expression),
    )
  const isGroupedByOrderAlone =
    select.groupBy.length === 0 &&
    !containsAggregate([select.items, select.having]) &&
    containsAggregate(orderBy)
  if (isGroupedByOrderAlone) throw unsupported('aggregates in ORDER BY alone')
  const grouping = isGrouped ? new Grouping(select.groupBy) : undefined
  const grouped: Partial<Scope> = grouping ? { aggregates: 'yes' } : {}

  const items: Item[] = []
  for (const item of select.items) {
    const watch = grouping?.watch(items.length)
    items.push(...compileItem(at('field list', { ...grouped, ...watch }), item))
  }
  const names = emissionsOf(items)

  const groupBy = select.groupBy.map((expression) => {
    const emission =
      itemAtPosition(expression, items, 'group statement') ??
      compileExpression(at('group statement', { aliases: { names, first: false } }), expression)
    grouping?.add(emission)
    return emission.type.kind === 'string' ? collated(emission, [emission.type]) : emission.sql
  })
  grouping?.checkItems(items)
  const having =
    select.having &&
    toTruth(
      compilation,
      compileExpression(
        at('having clause', { ...grouped, ...grouping?.having(), aliases: { names, first: true } }),
        select.having,
      ),
    )
  const order = orderBy.map((item, position) => {
    const emission =
      itemAtPosition(item.expression, items, 'order clause') ??
      compileExpression(
        at('order clause', {
          ...grouped,
          ...grouping?.orderBy(item.expression, position),
          aliases: { names, first: true },
        }),
        item.expression,
      )
    if (select.distinct) requireSelected(item, items)
    return orderTerm(emission, item.descending)
  })

  const columns = items.map((item, index): ResultColumn => {
    const { emission } = item
    const type = targets?.[index] ?? settle(emission).type
    return {
      name: item.name,
      sql: columnAlias(index),
      type,
      nullable: emission.nullable,
      ...(emission.origin && { origin: emission.origin }),
    }
  })
  const list = items.map((item, index) => {
    const target = targets?.[index]
    const emission = target
      ? toCommonType(compilation, item.emission, target)
      : settle(item.emission)
    const collate = (select.distinct || target) && emission.type.kind === 'string'
    return `${collate ? collated(emission, [emission.type]) : emission.sql} AS ${columnAlias(index)}`
  })
  // Without groups HAVING is a condition on rows that may use the names of items.
  const conditions = [where, isGrouped ? undefined : having].filter(Boolean)
  const sql = [
    `SELECT ${select.distinct ? 'DISTINCT ' : ''}${list.join(', ')}`,
    from.sql && `FROM ${from.sql}`,
    conditions.length > 0 && `WHERE ${conditions.join(' AND ')}`,
    groupBy.length > 0 && `GROUP BY ${groupBy.join(', ')}`,
    having && isGrouped && `HAVING ${having}`,
    order.length > 0 && `ORDER BY ${order.join(', ')}`,
  ]
  const atMostOneRow = isGrouped ? groupBy.length === 0 : !select.from
  return { sql: sql.filter(Boolean).join(' '), columns, atMostOneRow }
}

function emissionsOf(items: readonly Item[]): ReadonlyMap<string, Emission> {
  const names = new Map<string, Emission>()
  for (const item of items) {
    const key = item.name.toLowerCase()
    if (item.expression && !names.has(key)) names.set(key, item.emission)
  }
  return names
}

function compileItem(scope: Scope, item: SelectItem): Item[] {
  if (item.kind === 'star') return expandStar(scope, item.table)
  const emission = compileExpression(scope, item.expression)
  const { expression } = item
  const name =
    item.alias ?? (expression.kind === 'column' ? expression.name : itemName(expression, item.text))
  return [{ name, expression, emission }]
}

/** MySQL names a bare string literal by its value, all else by its text. */
function itemName(expression: Expression, text: string): string {
  return expression.kind === 'string' ? expression.value : text
}

function expandStar(scope: Scope, tableName: string | undefined): Item[] {
  const tables = scope.tables.filter(
    (table) => tableName === undefined || table.alias === tableName,
  )
  if (tables.length === 0) {
    if (tableName === undefined) throw new SqlError(1096, 'HY000', 'No tables used')
    throw new SqlError(1051, '42S02', `Unknown table '${tableName}'`)
  }
  return tables.flatMap((table) =>
    table.columns
      .filter((column) => tableName !== undefined || !table.merged.has(column.name.toLowerCase()))
      .map((column) => {
        scope.onBareColumn?.(column, table)
        return { name: column.name, expression: undefined, emission: column.emission }
      }),
  )
}

/** `ORDER BY 2` and `GROUP BY 2` mean the second item. */
function itemAtPosition(
  expression: Expression,
  items: readonly Item[],
  clause: Clause,
): Emission | undefined {
  if (expression.kind !== 'number' || !/^\d+$/.test(expression.text)) return undefined
  const item = items[Number(expression.text) - 1]
  if (!item) throw new SqlError(1054, '42S22', `Unknown column '${expression.text}' in '${clause}'`)
  if (clause === 'group statement' && containsAggregate(item.expression)) {
    throw new SqlError(1056, '42000', `Can't group on '${item.name}'`)
  }
  return item.emission
}

/** With DISTINCT the order may depend only on what is selected: MySQL's 3065. */
function requireSelected(order: OrderItem, items: readonly Item[]): void {
  const { expression } = order
  if (expression.kind === 'number') return
  const text = JSON.stringify(expression)
  const isSelected = items.some(
    (item) =>
      (item.expression && JSON.stringify(item.expression) === text) ||
      (expression.kind === 'column' && item.name.toLowerCase() === expression.name.toLowerCase()),
  )
  if (isSelected) return
  throw new SqlError(
    3065,
    'HY000',
    'Expression of ORDER BY clause is not in SELECT list; this is incompatible with DISTINCT',
  )
}
