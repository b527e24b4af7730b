import type { Join, TableSource } from '../sql/ast.js'
import { SqlError, unsupported } from '../sql-error.js'
import { type Column, quoteName, type Table } from './catalog.js'
import { compare } from './comparison.js'
import type { Compilation } from './compilation.js'
import { compileExpression } from './compile-expression.js'
import { columnListMismatch, compileQuery } from './compile-query.js'
import { toTruth } from './conversion.js'
import type { ColumnOrigin, Emission } from './emission.js'
import { requireTable, type Scope, type ScopeColumn, type ScopeTable } from './scope.js'

/** A FROM clause: its SQL and the tables that it brings into scope. */
export interface CompiledFrom {
  readonly sql: string
  readonly tables: readonly ScopeTable[]
}

/** Compiles what follows FROM. */
export function compileFrom(
  compilation: Compilation,
  source: TableSource,
  outer: Scope,
): CompiledFrom {
  const from = compileSource(compilation, source, outer)
  const seen = new Set<string>()
  for (const { alias } of from.tables) {
    if (seen.has(alias)) throw new SqlError(1066, '42000', `Not unique table/alias: '${alias}'`)
    seen.add(alias)
  }
  return from
}

function compileSource(compilation: Compilation, source: TableSource, outer: Scope): CompiledFrom {
  switch (source.kind) {
    case 'dual':
      return { sql: '(SELECT 1)', tables: [] }
    case 'table':
      return compileTable(compilation, source, outer)
    case 'derived': {
      // A derived table sees nothing of the query around it but common tables, and what lies further out.
      const { parent, ...rest } = outer
      const visible: Scope = { ...(parent ?? rest), commonTables: outer.commonTables }
      const query = compileQuery(compilation, source.query, visible)
      if (source.columns && source.columns.length !== query.columns.length)
        throw columnListMismatch()
      const alias = compilation.alias()
      const columns = query.columns.map((column, index): ScopeColumn => {
        const { origin: _, name, ...emission } = column
        return {
          name: source.columns?.[index] ?? name,
          emission: { ...emission, sql: `${alias}.${column.sql}` },
        }
      })
      return {
        sql: `(${query.sql}) AS ${alias}`,
        tables: [{ alias: source.alias, columns, merged: new Set() }],
      }
    }
    case 'join':
      return compileJoin(compilation, source, outer)
  }
}

function compileTable(
  compilation: Compilation,
  source: Extract<TableSource, { kind: 'table' }>,
  outer: Scope,
): CompiledFrom {
  const alias = compilation.alias()
  const shown = source.alias ?? source.name.name
  const common = source.name.schema
    ? undefined
    : outer.commonTables.get(source.name.name.toLowerCase())
  if (common) {
    const columns = common.columns.map(
      ({ name, emission }): ScopeColumn => ({
        name,
        emission: { ...emission, sql: `${alias}.${emission.sql}` },
      }),
    )
    const tables = [{ alias: shown, columns, merged: new Set<string>() }]
    return { sql: `${common.sqlName} AS ${alias}`, tables }
  }
  const table = requireTable(compilation, source.name)
  return {
    sql: `${quoteName(table.name)} AS ${alias}`,
    tables: [tableView(table, shown, alias)],
  }
}

/** A stored table as a scope shows it; `sqlAlias` is what the emitted SQL calls it. */
export function tableView(table: Table, alias: string, sqlAlias: string): ScopeTable {
  const columns = table.columns.map((column): ScopeColumn => {
    const emission: Emission = {
      sql: `${sqlAlias}.${quoteName(column.name)}`,
      type: column.type,
      nullable: column.nullable,
      origin: originOf(table, alias, column),
    }
    return { name: column.name, emission }
  })
  return { alias, columns, merged: new Set() }
}

function originOf(table: Table, tableAlias: string, column: Column): ColumnOrigin {
  const kinds = table.keys
    .filter((key) =>
      key.kind === 'primary' ? key.columns.includes(column.name) : key.columns[0] === column.name,
    )
    .map((key) => (key.kind === 'unique' && key.columns.length > 1 ? 'index' : key.kind))
  const key =
    (['primary', 'unique', 'index'] as const).find((kind) => kinds.includes(kind)) ?? 'none'
  return {
    table: table.name,
    tableAlias,
    column: column.name,
    key,
    autoIncrement: column.autoIncrement,
  }
}

function compileJoin(compilation: Compilation, join: Join, outer: Scope): CompiledFrom {
  const left = compileSource(compilation, join.left, outer)
  const right = compileSource(compilation, join.right, outer)
  const leftTables = join.type === 'RIGHT' ? left.tables.map(asNullable) : left.tables
  let rightTables = join.type === 'LEFT' ? right.tables.map(asNullable) : right.tables
  const conditions: string[] = []
  if (join.using) {
    if (join.type === 'RIGHT') throw unsupported('RIGHT JOIN … USING')
    for (const name of join.using) {
      const scope = (tables: readonly ScopeTable[]): Emission => {
        const lower = name.toLowerCase()
        for (const table of tables) {
          const column = table.columns.find((candidate) => candidate.name.toLowerCase() === lower)
          if (column && !table.merged.has(lower)) return column.emission
        }
        throw new SqlError(1054, '42S22', `Unknown column '${name}' in 'from clause'`)
      }
      conditions.push(compare(compilation, '=', scope(left.tables), scope(right.tables)).sql)
    }
    const merged = new Set(join.using.map((name) => name.toLowerCase()))
    rightTables = rightTables.map((table) => ({
      ...table,
      merged: new Set([...table.merged, ...merged]),
    }))
  }
  if (join.on) {
    const scope: Scope = {
      ...outer,
      clause: 'on clause',
      tables: [...left.tables, ...right.tables],
    }
    conditions.push(toTruth(compilation, compileExpression(scope, join.on)))
  }
  const on = conditions.length > 0 ? ` ON ${conditions.join(' AND ')}` : ''
  const type = join.type === 'CROSS' && on ? 'INNER' : join.type
  const rightSql = join.right.kind === 'join' ? `(${right.sql})` : right.sql
  return {
    sql: `${left.sql} ${type} JOIN ${rightSql}${on}`,
    tables: [...leftTables, ...rightTables],
  }
}

function asNullable(table: ScopeTable): ScopeTable {
  const columns = table.columns.map((column) => ({
    ...column,
    emission: { ...column.emission, nullable: true },
  }))
  return { ...table, columns }
}
