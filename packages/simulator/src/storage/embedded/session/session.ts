import type { Catalog } from '../compile/catalog.js'
import { Compilation, type SessionView } from '../compile/compilation.js'
import type { TypedValue } from '../compile/emission.js'
import type { EngineRow } from '../engine/engine-handle.js'
import type { Volume } from '../engine/volume.js'
import type { Expression, Query, Statement, VariableAssignment } from '../sql/ast.js'
import type { ParsedStatement } from '../sql/parse-statement.js'
import { SqlError, unsupported } from '../sql-error.js'
import { BIGINT, NULL_TYPE, UNSIGNED_BIGINT } from '../values/sql-type.js'
import { type BindingContext, bindValues, nowMicros } from './bind-values.js'
import { describableQuery, type OutsideQuery, takeOutsideCalls } from './outside-calls.js'
import type { CompiledStatement, Plan, Planner, QueryPlan, WritePlan } from './plan.js'
import { deniedCommand, globalDenied, readOnlyTransaction } from './rights.js'
import { RowWriter } from './row-writer.js'
import { type DefinitionStatement, runDefinition } from './run-definition.js'
import { runWrite } from './run-write.js'
import { SessionSettings } from './session-settings.js'
import { runDescribe, runShow } from './show.js'
import { DONE, type StatementResult } from './statement-result.js'
import { Transaction } from './transaction.js'
import type { UserLocks } from './user-locks.js'
import { valueQuery } from './value-query.js'

/** What all sessions of a storage share. */
export interface SessionEnvironment {
  readonly volume: Volume
  readonly catalog: Catalog
  readonly planner: Planner
  readonly userLocks: UserLocks
  /** The user without rights to change anything. */
  readonly readerUser: string
  /** Ends another session, or what it is doing; throws 1094 or 1095. */
  kill(target: 'connection' | 'query', id: number, by: Session): void
}

/** The role by which a reader's session gains the rights of the application's user. */
const WRITER_ROLE = 'aurora_writer'

/** Statements that only change the session itself, or end its transaction. */
type SessionStatement = Exclude<
  Statement,
  CompiledStatement | DefinitionStatement | { kind: 'do' | 'show' | 'describe' | 'kill' }
>

/** A session as SQL knows it: its state, and the one place where its statements run. */
export class Session implements SessionView {
  readonly connectionId: number
  /** Who is logged in. */
  user = ''
  database: string | undefined
  lastInsertId = 0n
  rowCount = -1n
  foundRows = 0n
  readonly #environment: SessionEnvironment
  readonly #settings = new SessionSettings()
  readonly #transaction: Transaction
  #hasWriterRole = false
  #interruption: AbortController | undefined
  #isClosed = false

  constructor(environment: SessionEnvironment, connectionId: number) {
    this.#environment = environment
    this.connectionId = connectionId
    this.#transaction = new Transaction(environment.volume)
  }

  get isAutocommit(): boolean {
    return this.#settings.isAutocommit
  }

  get isInTransaction(): boolean {
    return this.#transaction.isOpen
  }

  get isInReadOnlyTransaction(): boolean {
    return this.#transaction.isReadOnly
  }

  systemVariable(scope: 'session' | 'global', name: string): TypedValue {
    if (name === 'last_insert_id' || name === 'identity') {
      return { type: UNSIGNED_BIGINT, value: this.lastInsertId }
    }
    if (name === 'warning_count' || name === 'error_count') return { type: BIGINT, value: 0n }
    return this.#settings.systemVariable(scope, name)
  }

  userVariable(name: string): TypedValue {
    return this.#settings.userVariable(name)
  }

  /** Runs one statement. */
  async run(statement: Statement, parameters: readonly TypedValue[]): Promise<StatementResult> {
    try {
      const result = await this.#dispatch(statement, parameters)
      this.rowCount = result.kind === 'rows' ? -1n : result.matched
      if (result.kind === 'rows') this.foundRows = BigInt(result.rows.length)
      return result
    } catch (error) {
      this.rowCount = -1n
      throw error
    } finally {
      this.#interruption = undefined
    }
  }

  /** Compiles without running, for PREPARE: errors of names and syntax show now. */
  describe({ statement, parameterCount }: ParsedStatement): Plan | undefined {
    const { planner } = this.#environment
    const unknown = Array.from({ length: parameterCount }, () => ({ type: NULL_TYPE, value: null }))
    switch (statement.kind) {
      case 'insert':
      case 'update':
      case 'delete':
        this.#checkRights(statement)
        return planner.plan(statement, this, unknown)
      case 'query':
        return planner.planQuery(describableQuery(statement.query), this, unknown)
      default:
        return undefined
    }
  }

  /** Makes a schema the current one; there is only one. */
  use(database: string): void {
    if (database !== this.#environment.catalog.database) {
      throw new SqlError(1049, '42000', `Unknown database '${database}'`)
    }
    this.database = database
  }

  /** Stops what the session is waiting for. */
  interrupt(): void {
    this.#interruption?.abort()
  }

  /** The connection is lost: what was not committed is undone. */
  close(): void {
    this.#isClosed = true
    this.interrupt()
    this.#transaction.rollback()
    this.#environment.userLocks.releaseAll(this)
  }

  /** Back to what a new session is, for COM_RESET_CONNECTION and COM_CHANGE_USER. */
  reset(): void {
    this.#transaction.rollback()
    this.#environment.userLocks.releaseAll(this)
    this.#settings.reset()
    this.#hasWriterRole = false
    this.lastInsertId = 0n
  }

  async #dispatch(
    statement: Statement,
    parameters: readonly TypedValue[],
  ): Promise<StatementResult> {
    switch (statement.kind) {
      case 'query':
        return this.#query(statement, parameters)
      case 'insert':
      case 'update':
      case 'delete':
        return this.#write(statement, parameters)
      case 'createTable':
      case 'dropTable':
      case 'truncate':
      case 'createIndex':
      case 'dropIndex':
      case 'alterTable':
      case 'renameTable':
        return this.#define(statement)
      case 'do':
        await this.#query({ kind: 'query', query: valueQuery(statement.expressions) }, parameters)
        return DONE
      case 'show':
        return runShow(statement, this.#environment.catalog, this.#settings.variables)
      case 'describe':
        return runDescribe(statement, new Compilation(this.#environment.catalog, this, []))
      case 'kill': {
        const { value } = this.#evaluate(statement.id, parameters)
        this.#environment.kill(statement.target, Number(value), this)
        return DONE
      }
      default:
        this.#changeSession(statement, parameters)
        return DONE
    }
  }

  #changeSession(statement: SessionStatement, parameters: readonly TypedValue[]): void {
    const transaction = this.#transaction
    switch (statement.kind) {
      case 'begin':
        transaction.commit()
        transaction.begin(this.#settings.takeMode(statement.access))
        if (statement.consistentSnapshot) transaction.takeSnapshot()
        return
      case 'commit':
      case 'rollback': {
        const { mode } = transaction
        transaction[statement.kind]()
        if (statement.chain) transaction.begin(mode ?? this.#settings.takeMode())
        return
      }
      case 'savepoint':
        // Outside a transaction a savepoint is gone as soon as it is made.
        this.#beginImplicitly()
        if (transaction.isOpen) transaction.savepoint(statement.name)
        return
      case 'rollbackTo':
        return transaction.rollbackTo(statement.name)
      case 'releaseSavepoint':
        return transaction.release(statement.name)
      case 'setTransaction':
        return this.#settings.setTransaction(statement, transaction.isOpen)
      case 'setRole':
        return this.#setRole(statement.role)
      case 'use':
        return this.use(statement.database)
      case 'set':
        for (const assignment of statement.assignments) this.#assign(assignment, parameters)
    }
  }

  #setRole(role: string | undefined): void {
    if (role !== undefined && role !== WRITER_ROLE) {
      const message = `\`${role}\`@\`%\` is not granted to \`${this.user}\`@\`%\``
      throw new SqlError(3530, 'HY000', message)
    }
    this.#hasWriterRole = role !== undefined
  }

  #assign(assignment: VariableAssignment, parameters: readonly TypedValue[]): void {
    const settings = this.#settings
    switch (assignment.kind) {
      case 'user':
        return settings.setUserVariable(
          assignment.name,
          this.#evaluate(assignment.value, parameters),
        )
      case 'names':
        return settings.setNames(assignment.charset)
      case 'system': {
        const { name, scope, value } = assignment
        if (scope === 'global') throw globalDenied()
        const wasAutocommit = settings.isAutocommit
        const given = value === 'DEFAULT' ? undefined : this.#evaluate(value, parameters)
        settings.variables.set(name, given)
        if (!wasAutocommit && settings.isAutocommit) this.#transaction.commit()
      }
    }
  }

  /** The value of an expression that reads no table. */
  #evaluate(expression: Expression, parameters: readonly TypedValue[]): TypedValue {
    const query = valueQuery([expression])
    const plan = this.#environment.planner.planQuery(query, this, parameters)
    const [row] = this.#read(plan, this.#context(parameters))
    return { type: plan.columns[0]?.type ?? NULL_TYPE, value: row?.[0] ?? null }
  }

  #context(parameters: readonly TypedValue[]): BindingContext {
    return { parameters, nowMicros: nowMicros() }
  }

  #read(plan: QueryPlan, context: BindingContext): EngineRow[] {
    const values = bindValues(plan.statement.bindings, context)
    return this.#transaction.read(plan.statement.sql, values, plan.tables)
  }

  /** With autocommit off, what reads or writes a table begins a transaction. */
  #beginImplicitly(): void {
    if (!this.isAutocommit && !this.#transaction.isOpen) {
      this.#transaction.begin(this.#settings.takeMode())
    }
  }

  async #query(
    statement: Extract<Statement, { kind: 'query' }>,
    parameters: readonly TypedValue[],
  ): Promise<StatementResult> {
    const { query } = statement
    const outside = takeOutsideCalls(query)
    if (outside) return this.#outsideQuery(outside, parameters)
    const plan = (): QueryPlan =>
      this.#environment.planner.plan(statement, this, parameters) as QueryPlan
    const current = plan()
    if (current.tables.size > 0) {
      this.#beginImplicitly()
      if (query.locking === 'update') this.#requireReadWrite()
    }
    if (!this.#isLocking(query, current)) {
      const rows = this.#read(current, this.#context(parameters))
      return { kind: 'rows', columns: current.columns, rows }
    }
    return this.#underLock(query.nowait, () => {
      const locked = plan()
      const rows = this.#read(locked, this.#context(parameters))
      return { kind: 'rows', columns: locked.columns, rows }
    })
  }

  /** Locks mean nothing to those who may not write: they read as if none had been asked for. */
  #isLocking(query: Query, plan: QueryPlan): boolean {
    const transaction = this.#transaction
    if (plan.tables.size === 0 || this.#isRestricted || transaction.isReadOnly) return false
    return query.locking !== 'none' || (transaction.isOpen && transaction.isSerializable)
  }

  async #outsideQuery(
    outside: OutsideQuery,
    parameters: readonly TypedValue[],
  ): Promise<StatementResult> {
    const { userLocks: locks, planner } = this.#environment
    const results: (number | undefined)[] = []
    for (const call of outside.calls) {
      const values = call.arguments.map((each) => this.#evaluate(each, parameters))
      results.push(await call.run(values, { locks, owner: this, signal: this.#startWait() }))
    }
    const plan = planner.planQuery(outside.withValues(results), this, parameters)
    return {
      kind: 'rows',
      columns: plan.columns,
      rows: this.#read(plan, this.#context(parameters)),
    }
  }

  #startWait(): AbortSignal {
    this.#interruption ??= new AbortController()
    if (this.#isClosed) this.#interruption.abort()
    return this.#interruption.signal
  }

  get #isRestricted(): boolean {
    return this.user === this.#environment.readerUser && !this.#hasWriterRole
  }

  #checkRights(statement: Statement): void {
    if (!this.#isRestricted) return
    const denied = deniedCommand(statement, this.user, this.#environment.catalog.database)
    if (denied) throw denied
  }

  /** Runs what needs the lock: in the open transaction, or in one of its own. */
  async #underLock<Result>(nowait: boolean, work: () => Result): Promise<Result> {
    const transaction = this.#transaction
    const isAlone = !transaction.isOpen
    if (isAlone) transaction.begin(this.#settings.takeMode())
    try {
      const timeoutMs = this.#settings.lockWaitTimeoutMs
      await transaction.lock({ timeoutMs, nowait, signal: () => this.#startWait() })
      const result = isAlone ? work() : transaction.atomically(work)
      if (isAlone) transaction.commit()
      return result
    } catch (error) {
      if (isAlone) transaction.rollback()
      throw error
    }
  }

  async #write(
    statement: Extract<Statement, { kind: 'insert' | 'update' | 'delete' }>,
    parameters: readonly TypedValue[],
  ): Promise<StatementResult> {
    this.#checkRights(statement)
    const { planner, volume, catalog } = this.#environment
    planner.plan(statement, this, parameters)
    this.#beginImplicitly()
    this.#requireReadWrite()
    const result = await this.#underLock(false, () => {
      // A definition may have come between while this statement waited: it is compiled again then.
      const plan = planner.plan(statement, this, parameters) as WritePlan
      return runWrite(new RowWriter(volume, catalog), plan, this.#context(parameters))
    })
    if (result.generatedId !== undefined) this.lastInsertId = result.generatedId
    return { kind: 'done', ...result }
  }

  #requireReadWrite(): void {
    const { isOpen, isReadOnly } = this.#transaction
    const isRefused = isOpen ? isReadOnly : this.#settings.nextMode().access === 'READ ONLY'
    if (isRefused) throw readOnlyTransaction()
  }

  /** A definition commits what was open and is a transaction of its own. */
  async #define(statement: DefinitionStatement): Promise<StatementResult> {
    this.#checkRights(statement)
    const { volume, catalog } = this.#environment
    const transaction = this.#transaction
    if (transaction.isReadOnly || this.#settings.mode().access === 'READ ONLY') {
      throw readOnlyTransaction()
    }
    if (this.database === undefined) throw unsupported('definitions without a current database')
    transaction.commit()
    await this.#underLock(false, () => runDefinition(volume, catalog, statement))
    const isAlter = ['alterTable', 'createIndex', 'dropIndex'].includes(statement.kind)
    return isAlter ? { ...DONE, info: 'Records: 0  Duplicates: 0  Warnings: 0' } : DONE
  }
}
