import type { OrderItem, Query, Select, SetOperation } from '../sql/ast.js'
import { SqlError, unsupported } from '../sql-error.js'
import { commonType, type SqlType } from '../values/sql-type.js'
import { quoteName } from './catalog.js'
import { collated } from './comparison.js'
import type { Compilation } from './compilation.js'
import { compileCount } from './compile-expression.js'
import { compileSelect } from './compile-select.js'
import type { ColumnOrigin, Emission } from './emission.js'
import type { CommonTableView, Scope } from './scope.js'

/** A column of a query's result. */
export interface ResultColumn {
  /** As clients see it. */
  readonly name: string
  /** As the emitted SQL calls it. */
  readonly sql: string
  readonly type: SqlType
  readonly nullable: boolean
  readonly origin?: ColumnOrigin
}

export interface CompiledQuery {
  readonly sql: string
  readonly columns: readonly ResultColumn[]
  /** Certain to give no more than one row. */
  readonly atMostOneRow: boolean
}

/** The engine-side name of the nth result column; no MySQL name looks like it. */
export function columnAlias(index: number): string {
  return quoteName(`#${index}`)
}

/** A scope in which nothing is known but what lies outside. */
export function emptyScope(compilation: Compilation, outer: Scope | undefined): Scope {
  return {
    compilation,
    clause: 'field list',
    tables: [],
    commonTables: outer?.commonTables ?? new Map(),
    aggregates: 'no',
    ...(outer && { parent: outer }),
  }
}

/** Compiles a query expression; `targets` converts its columns to these types. */
export function compileQuery(
  compilation: Compilation,
  query: Query,
  outer?: Scope,
  targets?: readonly SqlType[],
): CompiledQuery {
  if (!query.with) return compileBody(compilation, query, emptyScope(compilation, outer), targets)
  const commonTables = new Map(outer?.commonTables)
  const parts: string[] = []
  for (const table of query.with.tables) {
    const scope = { ...emptyScope(compilation, outer), commonTables: new Map(commonTables) }
    const sqlName = compilation.alias()
    let body: CompiledQuery
    if (query.with.recursive && isRecursiveBody(table.query)) {
      const seed = compilation.dryRun(() =>
        compileBody(compilation, (table.query.body as SetOperation).left, scope),
      )
      scope.commonTables.set(
        table.name.toLowerCase(),
        commonTableView(sqlName, seed, table.columns),
      )
      const types = seed.columns.map((column) => column.type)
      body = compileBody(compilation, table.query, scope, types)
    } else {
      body = compileBody(compilation, table.query, scope)
    }
    const names = body.columns.map((_, index) => columnAlias(index)).join(', ')
    parts.push(`${sqlName}(${names}) AS (${body.sql})`)
    commonTables.set(table.name.toLowerCase(), commonTableView(sqlName, body, table.columns))
  }
  const main = compileBody(
    compilation,
    query,
    { ...emptyScope(compilation, outer), commonTables },
    targets,
  )
  const recursive = query.with.recursive ? 'RECURSIVE ' : ''
  return { ...main, sql: `WITH ${recursive}${parts.join(', ')} ${main.sql}` }
}

function isRecursiveBody(query: Query): boolean {
  return 'kind' in query.body && query.body.kind === 'setOperation'
}

function commonTableView(
  sqlName: string,
  body: CompiledQuery,
  names: readonly string[] | undefined,
): CommonTableView {
  if (names && names.length !== body.columns.length) throw columnListMismatch()
  return {
    sqlName,
    columns: body.columns.map(({ name, type, nullable }, index) => ({
      name: names?.[index] ?? name,
      emission: { sql: columnAlias(index), type, nullable },
    })),
  }
}

/** MySQL's 1353: a column list that does not fit its query. */
export function columnListMismatch(): SqlError {
  return new SqlError(
    1353,
    'HY000',
    'In definition of view, derived table or common table expression, SELECT list and column names list have different column counts',
  )
}

function compileBody(
  compilation: Compilation,
  query: Query,
  scope: Scope,
  targets?: readonly SqlType[],
): CompiledQuery {
  const { body } = query
  if ('kind' in body && body.kind === 'select') {
    const select = compileSelect(compilation, body, query.orderBy, scope, targets)
    return withLimit(select, query, scope)
  }
  const inner =
    'kind' in body
      ? compileSetOperation(compilation, body, scope, targets)
      : compileQuery(compilation, body, scope, targets)
  if (query.orderBy.length === 0 && !query.limit) return inner
  const names = inner.columns.map((column) => column.sql).join(', ')
  const order = query.orderBy.map((item) => orderByResult(item, inner.columns)).join(', ')
  const sql = `SELECT ${names} FROM (${inner.sql})${order && ` ORDER BY ${order}`}`
  return withLimit({ ...inner, sql }, query, scope)
}

function withLimit(compiled: CompiledQuery, query: Query, scope: Scope): CompiledQuery {
  if (!query.limit) return compiled
  const count = compileCount(scope, query.limit.count)
  const offset = query.limit.offset ? ` OFFSET ${compileCount(scope, query.limit.offset)}` : ''
  const isOne = query.limit.count.kind === 'number' && Number(query.limit.count.text) <= 1
  return {
    ...compiled,
    sql: `${compiled.sql} LIMIT ${count}${offset}`,
    atMostOneRow: compiled.atMostOneRow || isOne,
  }
}

/** ORDER BY after a set operation knows only the result's columns. */
function orderByResult(item: OrderItem, columns: readonly ResultColumn[]): string {
  const { expression } = item
  let column: ResultColumn | undefined
  if (expression.kind === 'number') column = columns[Number(expression.text) - 1]
  else if (expression.kind === 'column' && !expression.table) {
    const name = expression.name.toLowerCase()
    column = columns.find((candidate) => candidate.name.toLowerCase() === name)
  } else throw unsupported('ORDER BY an expression after UNION')
  if (!column) {
    const name = expression.kind === 'number' ? expression.text : expression.name
    throw new SqlError(1054, '42S22', `Unknown column '${name}' in 'order clause'`)
  }
  return orderTerm(column, item.descending)
}

/** One term of the engine's ORDER BY: strings by their collation, ENUMs by their position. */
export function orderTerm(emission: Emission, descending: boolean): string {
  const direction = descending ? ' DESC' : ''
  const { type, sql } = emission
  if (type.kind !== 'string') return `${sql}${direction}`
  if (type.members) {
    const cases = type.members.map(
      (member, index) => `WHEN '${member.replaceAll("'", "''")}' THEN ${index}`,
    )
    return `CASE ${sql} ${cases.join(' ')} END${direction}`
  }
  return `${collated(emission, [type])}${direction}`
}

interface Member {
  readonly operator: SetOperation['operator'] | undefined
  readonly query: Query
}

/** A chain of set operations in the order written: the engine too works from left to right. */
function membersOf(operation: SetOperation): readonly Member[] {
  const last: Member = { operator: operation.operator, query: operation.right }
  const { left } = operation
  const isChain =
    'kind' in left.body &&
    left.body.kind === 'setOperation' &&
    left.orderBy.length === 0 &&
    !left.limit
  if (isChain && !left.with) return [...membersOf(left.body as SetOperation), last]
  return [{ operator: undefined, query: left }, last]
}

function compileSetOperation(
  compilation: Compilation,
  operation: SetOperation,
  scope: Scope,
  targets: readonly SqlType[] | undefined,
): CompiledQuery {
  const members = membersOf(operation)
  const shapes = members.map((member) =>
    compilation.dryRun(() => compileQuery(compilation, member.query, scope, undefined)),
  )
  const first = shapes[0] as CompiledQuery
  if (shapes.some((shape) => shape.columns.length !== first.columns.length)) {
    throw new SqlError(
      1222,
      '21000',
      'The used SELECT statements have a different number of columns',
    )
  }
  const columns = first.columns.map((column, index): ResultColumn => {
    const all = shapes.map((shape) => shape.columns[index] as ResultColumn)
    const type = targets?.[index] ?? all.map((part) => part.type).reduce(commonType)
    return {
      name: column.name,
      sql: columnAlias(index),
      type,
      nullable: all.some((part) => part.nullable),
    }
  })
  const types = columns.map((column) => column.type)
  const names = columns.map((column) => column.sql).join(', ')
  let sql = ''
  for (const { operator, query } of members) {
    const member = compileMember(compilation, query, scope, types)
    if (!operator) sql = member
    else if (operator === 'UNION' && !targets) {
      // The engine's own UNION sorts, and of equal texts keeps the last: MySQL keeps the first, in its place.
      sql = `SELECT DISTINCT ${names} FROM (${sql} UNION ALL ${member})`
    } else sql = `${sql} ${operator} ${member}`
  }
  return { sql, columns, atMostOneRow: false }
}

function compileMember(
  compilation: Compilation,
  query: Query,
  scope: Scope,
  types: readonly SqlType[],
): string {
  const compiled = compileQuery(compilation, query, scope, types)
  const isPlain = 'kind' in query.body && query.body.kind === 'select'
  if (isPlain && query.orderBy.length === 0 && !query.limit && !query.with) return compiled.sql
  const names = compiled.columns.map((column) => column.sql).join(', ')
  return `SELECT ${names} FROM (${compiled.sql})`
}

/** The select that a query consists of, if it is nothing else. */
export function plainSelect(query: Query): Select | undefined {
  return 'kind' in query.body && query.body.kind === 'select' ? query.body : undefined
}
