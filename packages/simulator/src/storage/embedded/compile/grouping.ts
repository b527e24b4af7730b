import type { Select, SelectItem } from '../sql/ast.js'
import { SqlError } from '../sql-error.js'
import type { Emission } from './emission.js'
import type { Scope, ScopeColumn, ScopeTable } from './scope.js'

interface BareColumn {
  readonly item: number
  readonly column: ScopeColumn
  readonly table: ScopeTable
}

/**
 * Checks ONLY_FULL_GROUP_BY for the select list of a grouped query: a column outside every aggregate must be
 * grouped by, or follow from a primary key that is. The engine would pick a value of any row.
 */
export class Grouping {
  readonly #select: Select
  readonly #bare: BareColumn[] = []
  readonly #groupedSql = new Set<string>()

  constructor(select: Select) {
    this.#select = select
  }

  /** Scope additions that note the bare columns of a select item. */
  watch(item: SelectItem, index: number): Partial<Scope> {
    if (item.kind === 'expression' && this.#isGroupedItem(item, index)) return {}
    return {
      onBareColumn: (column, table) => {
        this.#bare.push({ item: index, column, table })
      },
    }
  }

  #isGroupedItem(item: Extract<SelectItem, { kind: 'expression' }>, index: number): boolean {
    const text = JSON.stringify(item.expression)
    return this.#select.groupBy.some(
      (expression) =>
        (expression.kind === 'number' && Number(expression.text) === index + 1) ||
        (expression.kind === 'column' &&
          !expression.table &&
          item.alias?.toLowerCase() === expression.name.toLowerCase()) ||
        JSON.stringify(expression) === text,
    )
  }

  add(emission: Emission): void {
    this.#groupedSql.add(emission.sql)
  }

  /** Throws MySQL's 1055, or 1140 where there is no GROUP BY at all. */
  check(): void {
    for (const { item, column, table } of this.#bare) {
      if (this.#groupedSql.has(column.emission.sql) || this.#followsFromKey(table)) continue
      const name = `${table.alias}.${column.name}`
      if (this.#select.groupBy.length === 0) {
        throw new SqlError(
          1140,
          '42000',
          `In aggregated query without GROUP BY, expression #${item + 1} of SELECT list contains nonaggregated column '${name}'; this is incompatible with sql_mode=only_full_group_by`,
        )
      }
      throw new SqlError(
        1055,
        '42000',
        `Expression #${item + 1} of SELECT list is not in GROUP BY clause and contains nonaggregated column '${name}' which is not functionally dependent on columns in GROUP BY clause; this is incompatible with sql_mode=only_full_group_by`,
      )
    }
  }

  #followsFromKey(table: ScopeTable): boolean {
    const keys = table.columns.filter((column) => column.emission.origin?.key === 'primary')
    return keys.length > 0 && keys.every((column) => this.#groupedSql.has(column.emission.sql))
  }
}
