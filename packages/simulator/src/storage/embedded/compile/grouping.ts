import type { Expression } from '../sql/ast.js'
import { SqlError, unknownColumn } from '../sql-error.js'
import type { Emission } from './emission.js'
import type { Scope, ScopeColumn, ScopeTable } from './scope.js'

interface BareColumn {
  readonly item: number
  readonly column: ScopeColumn
  readonly table: ScopeTable
}

/** A select item as far as grouping is concerned; `*` has no expression. */
interface GroupedItem {
  readonly expression: Expression | undefined
  readonly emission: Emission
}

/**
 * Checks ONLY_FULL_GROUP_BY: a column of a grouped query outside every aggregate must be grouped by, or follow from a
 * primary key that is. The engine would take the value of any row.
 */
export class Grouping {
  readonly #expressions: readonly string[]
  readonly #bare: BareColumn[] = []
  readonly #grouped = new Set<Emission>()
  readonly #groupedSql = new Set<string>()

  constructor(groupBy: readonly Expression[]) {
    this.#expressions = groupBy.map((expression) => JSON.stringify(expression))
  }

  /** Scope additions that note the bare columns of a select item. */
  watch(item: number): Partial<Scope> {
    return {
      onBareColumn: (column, table) => {
        this.#bare.push({ item, column, table })
      },
    }
  }

  /** Takes note of what GROUP BY groups by. */
  add(emission: Emission): void {
    this.#grouped.add(emission)
    this.#groupedSql.add(emission.sql)
  }

  /** Throws MySQL's 1055 for the select list, or 1140 where there is no GROUP BY at all. */
  checkItems(items: readonly GroupedItem[]): void {
    for (const { item, column, table } of this.#bare) {
      const { expression, emission } = items[item] ?? {}
      const isGroupedItem =
        (emission && this.#grouped.has(emission)) ||
        (expression && this.#expressions.includes(JSON.stringify(expression)))
      if (!isGroupedItem && !this.#isKnown(column, table)) {
        throw this.#notGrouped(`Expression #${item + 1} of SELECT list`, column, table)
      }
    }
  }

  /** Scope additions for ORDER BY. */
  orderBy(expression: Expression, position: number): Partial<Scope> {
    if (this.#expressions.includes(JSON.stringify(expression))) return {}
    return {
      onBareColumn: (column, table) => {
        if (this.#isKnown(column, table)) return
        throw this.#notGrouped(`Expression #${position + 1} of ORDER BY`, column, table)
      },
    }
  }

  /** Scope additions for HAVING, which knows no other columns at all. */
  having(): Partial<Scope> {
    return {
      onBareColumn: (column, table) => {
        if (!this.#isKnown(column, table)) throw unknownColumn(column.name, 'having clause')
      },
    }
  }

  #isKnown(column: ScopeColumn, table: ScopeTable): boolean {
    if (this.#groupedSql.has(column.emission.sql)) return true
    const keys = table.columns.filter((other) => other.emission.origin?.key === 'primary')
    return keys.length > 0 && keys.every((key) => this.#groupedSql.has(key.emission.sql))
  }

  #notGrouped(what: string, column: ScopeColumn, table: ScopeTable): SqlError {
    const name = `${table.alias}.${column.name}`
    const reason = 'this is incompatible with sql_mode=only_full_group_by'
    if (this.#expressions.length === 0) {
      return new SqlError(
        1140,
        '42000',
        `In aggregated query without GROUP BY, ${what.replace('Expression', 'expression')} contains nonaggregated column '${name}'; ${reason}`,
      )
    }
    return new SqlError(
      1055,
      '42000',
      `${what} is not in GROUP BY clause and contains nonaggregated column '${name}' which is not functionally dependent on columns in GROUP BY clause; ${reason}`,
    )
  }
}
