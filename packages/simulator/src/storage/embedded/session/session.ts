import type { Catalog } from '../compile/catalog.js'
import { Compilation, type SessionView } from '../compile/compilation.js'
import type { TypedValue } from '../compile/emission.js'
import type { Volume } from '../engine/volume.js'
import type { Expression, Query, Statement, VariableAssignment } from '../sql/ast.js'
import type { ParsedStatement } from '../sql/parse-statement.js'
import { SqlError, unsupported } from '../sql-error.js'
import { NULL_TYPE } from '../values/sql-type.js'
import { type BindingContext, bindValues, nowMicros } from './bind-values.js'
import type { CompiledStatement, Plan, Planner, QueryPlan, WritePlan } from './plan.js'
import { deniedCommand } from './rights.js'
import { type DefinitionStatement, runDefinition } from './run-definition.js'
import { runDelete, runInsert, runUpdate, type WriteResult } from './run-write.js'
import { runDescribe, runShow } from './show.js'
import { sleepFor, takeSleep } from './sleep.js'
import { DONE, type StatementResult } from './statement-result.js'
import { SystemVariables } from './system-variables.js'
import { Transaction, type TransactionMode } from './transaction.js'

/** What all sessions of a storage share. */
export interface SessionEnvironment {
  readonly volume: Volume
  readonly catalog: Catalog
  readonly planner: Planner
  /** The user without rights to change anything. */
  readonly readerUser: string
  /** Ends another session, or what it is doing. */
  kill(target: 'connection' | 'query', id: number): void
}

/** A session's state as SQL knows it, and the one place where statements run. */
export class Session implements SessionView {
  readonly connectionId: number
  user: string
  database: string | undefined
  lastInsertId = 0n
  rowCount = 0n
  foundRows = 0n
  readonly #environment: SessionEnvironment
  readonly #variables = new SystemVariables()
  readonly #userVariables = new Map<string, TypedValue>()
  readonly #transaction: Transaction
  #nextMode: Partial<TransactionMode> = {}
  #hasWriterRole = false
  #interruption: AbortController | undefined
  #isClosed = false

  constructor(environment: SessionEnvironment, connectionId: number, user: string) {
    this.#environment = environment
    this.connectionId = connectionId
    this.user = user
    this.#transaction = new Transaction(environment.volume)
  }

  get isAutocommit(): boolean {
    return this.#variables.raw('autocommit') === 1
  }

  get isInTransaction(): boolean {
    return this.#transaction.isOpen
  }

  get isInReadOnlyTransaction(): boolean {
    return this.#transaction.isReadOnly
  }

  systemVariable(scope: 'session' | 'global', name: string): TypedValue {
    if (name === 'last_insert_id' || name === 'identity') {
      return {
        type: { kind: 'int', bits: 64, unsigned: true, width: 20 },
        value: this.lastInsertId,
      }
    }
    if (name === 'warning_count' || name === 'error_count') {
      return { type: { kind: 'int', bits: 64, unsigned: false, width: 20 }, value: 0n }
    }
    return scope === 'global' ? new SystemVariables().get(name) : this.#variables.get(name)
  }

  userVariable(name: string): TypedValue {
    return this.#userVariables.get(name) ?? { type: NULL_TYPE, value: null }
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
  describe(parsed: ParsedStatement): Plan | undefined {
    const { statement, parameterCount } = parsed
    const unknown = Array.from({ length: parameterCount }, () => ({ type: NULL_TYPE, value: null }))
    switch (statement.kind) {
      case 'insert':
      case 'update':
      case 'delete':
        this.#checkRights(statement)
        return this.#environment.planner.plan(statement, this, unknown)
      case 'query': {
        const { query } = takeSleep(statement.query)
        return this.#environment.planner.planQuery(query, this, unknown)
      }
      default:
        return undefined
    }
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
  }

  /** Back to what a new session is, for COM_RESET_CONNECTION and COM_CHANGE_USER. */
  reset(): void {
    this.#transaction.rollback()
    this.#variables.reset()
    this.#userVariables.clear()
    this.#nextMode = {}
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
      case 'do': {
        const items = statement.expressions.map((expression) => selectItem(expression))
        await this.#query({ kind: 'query', query: selectQuery(items) }, parameters)
        return DONE
      }
      case 'show':
        return runShow(statement, this.#environment.catalog, this.#variables)
      case 'describe':
        return runDescribe(statement, new Compilation(this.#environment.catalog, this, []))
      case 'kill': {
        const { value } = this.#evaluate(statement.id, parameters)
        this.#environment.kill(statement.target, Number(value))
        return DONE
      }
      default:
        this.#changeSession(statement, parameters)
        return DONE
    }
  }

  #changeSession(
    statement: Exclude<
      Statement,
      CompiledStatement | DefinitionStatement | { kind: 'do' | 'show' | 'describe' | 'kill' }
    >,
    parameters: readonly TypedValue[],
  ): void {
    const transaction = this.#transaction
    switch (statement.kind) {
      case 'begin':
        transaction.commit()
        transaction.begin(this.#takeMode(statement.access))
        if (statement.consistentSnapshot) transaction.takeSnapshot()
        return
      case 'commit':
      case 'rollback': {
        const mode = this.#takeMode(undefined)
        transaction[statement.kind]()
        if (statement.chain) transaction.begin(mode)
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
        return this.#setTransaction(statement)
      case 'setRole':
        return this.#setRole(statement.role)
      case 'use':
        return this.use(statement.database)
      case 'set':
        for (const assignment of statement.assignments) this.#assign(assignment, parameters)
        return
    }
  }

  /** Makes a schema the current one; there is only one. */
  use(database: string): void {
    if (database !== this.#environment.catalog.database) {
      throw new SqlError(1049, '42000', `Unknown database '${database}'`)
    }
    this.database = database
  }

  #setRole(role: string | undefined): void {
    if (role !== undefined && role !== 'aurora_writer') {
      throw new SqlError(
        3530,
        'HY000',
        `\`${role}\`@\`%\` is not granted to \`${this.user}\`@\`%\``,
      )
    }
    this.#hasWriterRole = role !== undefined
  }

  #setTransaction(statement: Extract<Statement, { kind: 'setTransaction' }>): void {
    if (statement.scope === 'session') {
      const { isolation, access } = statement
      if (isolation) this.#setText('transaction_isolation', isolation.replaceAll(' ', '-'))
      if (access) this.#setText('transaction_read_only', access === 'READ ONLY' ? '1' : '0')
      return
    }
    if (this.#transaction.isOpen) {
      throw new SqlError(
        1568,
        '25001',
        "Transaction characteristics can't be changed while a transaction is in progress",
      )
    }
    this.#nextMode = {
      ...this.#nextMode,
      ...(statement.isolation && { isolation: statement.isolation }),
      ...(statement.access && { access: statement.access }),
    }
  }

  #setText(name: string, value: string): void {
    this.#variables.set(name, {
      type: { kind: 'string', form: 'VARCHAR', maxChars: 64, exact: false, members: undefined },
      value,
    })
  }

  #assign(assignment: VariableAssignment, parameters: readonly TypedValue[]): void {
    switch (assignment.kind) {
      case 'user':
        this.#userVariables.set(assignment.name, this.#evaluate(assignment.value, parameters))
        return
      case 'names': {
        const names = ['character_set_client', 'character_set_connection', 'character_set_results']
        const charset = assignment.charset === 'default' ? 'utf8mb4' : assignment.charset
        for (const name of names) this.#setText(name, charset)
        return
      }
      case 'system': {
        const { name, scope, value } = assignment
        if (scope === 'global') {
          throw new SqlError(
            1227,
            '42000',
            'Access denied; you need (at least one of) the SUPER or SYSTEM_VARIABLES_ADMIN privilege(s) for this operation',
          )
        }
        const wasAutocommit = this.isAutocommit
        this.#variables.set(
          name,
          value === 'DEFAULT' ? undefined : this.#evaluate(value, parameters),
        )
        if (!wasAutocommit && this.isAutocommit) this.#transaction.commit()
      }
    }
  }

  /** The value of an expression that reads no table. */
  #evaluate(expression: Expression, parameters: readonly TypedValue[]): TypedValue {
    const query = selectQuery([selectItem(expression)])
    const plan = this.#environment.planner.planQuery(query, this, parameters)
    const [row] = this.#read(plan, this.#context(parameters))
    return { type: plan.columns[0]?.type ?? NULL_TYPE, value: row?.[0] ?? null }
  }

  #context(parameters: readonly TypedValue[]): BindingContext {
    return { parameters, nowMicros: nowMicros() }
  }

  #mode(): TransactionMode {
    const isolation = String(this.#variables.raw('transaction_isolation')).replaceAll('-', ' ')
    const isReadOnly = this.#variables.raw('transaction_read_only') === 1
    return {
      isolation: isolation as TransactionMode['isolation'],
      access: isReadOnly ? 'READ ONLY' : 'READ WRITE',
    }
  }

  /** How the next transaction begins: what SET TRANSACTION said counts once. */
  #takeMode(access: TransactionMode['access'] | undefined): TransactionMode {
    const mode = { ...this.#mode(), ...this.#nextMode, ...(access && { access }) }
    this.#nextMode = {}
    return mode
  }

  /** With autocommit off, what reads or writes a table begins a transaction. */
  #beginImplicitly(): void {
    if (!this.isAutocommit && !this.#transaction.isOpen) {
      this.#transaction.begin(this.#takeMode(undefined))
    }
  }

  async #query(
    statement: Extract<Statement, { kind: 'query' }>,
    parameters: readonly TypedValue[],
  ): Promise<StatementResult> {
    const { query, seconds } = takeSleep(statement.query)
    const wasInterrupted = await this.#sleep(seconds, parameters)
    const context = this.#context(parameters)
    const planner = this.#environment.planner
    const isWhole = query === statement.query
    const plan = (): QueryPlan =>
      isWhole
        ? (planner.plan(statement, this, parameters) as QueryPlan)
        : planner.planQuery(query, this, parameters)
    let current = plan()
    if (current.tables.size > 0) this.#beginImplicitly()
    const transaction = this.#transaction
    const isLocking =
      (query.locking !== 'none' || (transaction.isOpen && transaction.isSerializable)) &&
      current.tables.size > 0 &&
      !this.#isRestricted &&
      !transaction.isReadOnly
    if (!isLocking) {
      const rows = this.#read(current, context)
      return {
        kind: 'rows',
        columns: current.columns,
        rows: wasInterrupted ? [current.columns.map(() => 1n)] : rows,
      }
    }
    const isAlone = !transaction.isOpen
    if (isAlone) transaction.begin(this.#takeMode(undefined))
    try {
      await this.#lock(query.nowait)
      current = plan()
      const rows = this.#read(current, context)
      if (isAlone) transaction.commit()
      return { kind: 'rows', columns: current.columns, rows }
    } catch (error) {
      if (isAlone) transaction.rollback()
      throw error
    }
  }

  #read(plan: QueryPlan, context: BindingContext) {
    const values = bindValues(plan.statement.bindings, context)
    return this.#transaction.read(plan.statement.sql, values, plan.tables)
  }

  /** Waits for the SLEEPs of a query; true if it was woken early. */
  async #sleep(
    seconds: readonly Expression[],
    parameters: readonly TypedValue[],
  ): Promise<boolean> {
    for (const expression of seconds) {
      const signal = this.#startWait()
      if (await sleepFor(this.#evaluate(expression, parameters), signal)) return true
    }
    return false
  }

  #startWait(): AbortSignal {
    this.#interruption ??= new AbortController()
    if (this.#isClosed) this.#interruption.abort()
    return this.#interruption.signal
  }

  async #lock(nowait: boolean): Promise<void> {
    const timeoutMs = this.#variables.number('innodb_lock_wait_timeout') * 1000
    await this.#transaction.lock({ timeoutMs, nowait, signal: this.#startWait() })
  }

  get #isRestricted(): boolean {
    return this.user === this.#environment.readerUser && !this.#hasWriterRole
  }

  #checkRights(statement: Statement): void {
    if (!this.#isRestricted) return
    const denied = deniedCommand(statement, this.user, this.#environment.catalog.database)
    if (denied) throw denied
  }

  async #write(
    statement: Extract<Statement, { kind: 'insert' | 'update' | 'delete' }>,
    parameters: readonly TypedValue[],
  ): Promise<StatementResult> {
    this.#checkRights(statement)
    const { planner } = this.#environment
    planner.plan(statement, this, parameters)
    this.#beginImplicitly()
    const transaction = this.#transaction
    const isAlone = !transaction.isOpen
    if (isAlone) transaction.begin(this.#takeMode(undefined))
    try {
      if (transaction.isReadOnly) throw readOnlyTransaction()
      await this.#lock(false)
      // A definition may have come between while this statement waited.
      const plan = planner.plan(statement, this, parameters) as WritePlan
      const context = this.#context(parameters)
      const result = isAlone
        ? this.#runWrite(plan, context)
        : transaction.atomically(() => this.#runWrite(plan, context))
      if (isAlone) transaction.commit()
      if (result.generatedId !== undefined) this.lastInsertId = result.generatedId
      return { kind: 'done', ...result }
    } catch (error) {
      if (isAlone) transaction.rollback()
      throw error
    }
  }

  #runWrite(plan: WritePlan, context: BindingContext): WriteResult {
    const { volume } = this.#environment
    switch (plan.kind) {
      case 'insert':
        return runInsert(volume, plan, context)
      case 'update':
        return runUpdate(volume, plan, context)
      case 'delete':
        return runDelete(volume, plan, context)
    }
  }

  /** A definition commits what was open and is a transaction of its own. */
  async #define(statement: DefinitionStatement): Promise<StatementResult> {
    this.#checkRights(statement)
    const { volume, catalog } = this.#environment
    const transaction = this.#transaction
    if (transaction.isReadOnly || this.#mode().access === 'READ ONLY') throw readOnlyTransaction()
    if (this.database === undefined) throw unsupported('definitions without a current database')
    transaction.commit()
    transaction.begin(this.#mode())
    try {
      await this.#lock(false)
      runDefinition(volume, catalog, statement)
      transaction.commit()
      return DONE
    } catch (error) {
      transaction.rollback()
      throw error
    }
  }
}

function readOnlyTransaction(): SqlError {
  return new SqlError(1792, '25006', 'Cannot execute statement in a READ ONLY transaction.')
}

function selectItem(expression: Expression) {
  return { kind: 'expression', expression, alias: undefined, text: 'value' } as const
}

function selectQuery(items: readonly ReturnType<typeof selectItem>[]): Query {
  return {
    with: undefined,
    body: {
      kind: 'select',
      distinct: false,
      calcFoundRows: false,
      items,
      from: undefined,
      where: undefined,
      groupBy: [],
      having: undefined,
    },
    orderBy: [],
    limit: undefined,
    locking: 'none',
    nowait: false,
  }
}
