import type { Catalog, Table } from '../compile/catalog.js'
import { Compilation, type SessionView } from '../compile/compilation.js'
import { type CompiledQuery, compileQuery, type ResultColumn } from '../compile/compile-query.js'
import {
  compileDelete,
  compileInsert,
  compileUpdate,
  type DeletePlan,
  type InsertPlan,
  type UpdatePlan,
} from '../compile/compile-write.js'
import type { EngineStatement, TypedValue } from '../compile/emission.js'
import type { Query, Statement } from '../sql/ast.js'

export interface QueryPlan {
  readonly kind: 'query'
  readonly statement: EngineStatement
  readonly columns: readonly ResultColumn[]
  readonly tables: ReadonlySet<Table>
}

export type WritePlan = InsertPlan | UpdatePlan | DeletePlan
export type Plan = QueryPlan | WritePlan

/** Statements that are compiled for the engine. */
export type CompiledStatement = Extract<
  Statement,
  { kind: 'query' | 'insert' | 'update' | 'delete' }
>

interface CachedPlan {
  readonly catalogVersion: number
  readonly signature: string
  readonly plan: Plan
}

/** Compiles statements, and keeps the last plan of each for as long as its tree is kept. */
export class Planner {
  readonly #catalog: Catalog
  readonly #plans = new WeakMap<CompiledStatement, CachedPlan>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  plan(
    statement: CompiledStatement,
    session: SessionView,
    parameters: readonly TypedValue[],
  ): Plan {
    const signature = `${session.database ?? ''} ${parameters.map(signatureOf).join()}`
    const cached = this.#plans.get(statement)
    if (cached?.catalogVersion === this.#catalog.version && cached.signature === signature) {
      return cached.plan
    }
    const compilation = new Compilation(
      this.#catalog,
      session,
      parameters,
      statement.kind !== 'query',
    )
    const plan = compileStatement(compilation, statement)
    if (compilation.isReusable) {
      this.#plans.set(statement, { catalogVersion: this.#catalog.version, signature, plan })
    }
    return plan
  }

  /** A plan for a query without tables of a statement, such as the value of a variable. */
  planQuery(query: Query, session: SessionView, parameters: readonly TypedValue[]): QueryPlan {
    return queryPlan(new Compilation(this.#catalog, session, parameters), query)
  }
}

function signatureOf({ type }: TypedValue): string {
  return type.kind === 'decimal' ? `decimal${type.scale}` : type.kind
}

function compileStatement(compilation: Compilation, statement: CompiledStatement): Plan {
  switch (statement.kind) {
    case 'query':
      return queryPlan(compilation, statement.query)
    case 'insert':
      return compileInsert(compilation, statement)
    case 'update':
      return compileUpdate(compilation, statement)
    case 'delete':
      return compileDelete(compilation, statement)
  }
}

function queryPlan(compilation: Compilation, query: Query): QueryPlan {
  const compiled: CompiledQuery = compileQuery(compilation, query)
  return {
    kind: 'query',
    statement: compilation.finish(compiled.sql),
    columns: compiled.columns,
    tables: compilation.tables,
  }
}
