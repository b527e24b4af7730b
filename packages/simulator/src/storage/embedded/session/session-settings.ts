import type { TypedValue } from '../compile/emission.js'
import type { IsolationLevel, Statement } from '../sql/ast.js'
import { SqlError } from '../sql-error.js'
import { NULL_TYPE, stringType } from '../values/sql-type.js'
import { SystemVariables } from './system-variables.js'
import type { TransactionMode } from './transaction.js'

/** What a session has set: variables of both kinds, and how its transactions begin. */
export class SessionSettings {
  readonly variables = new SystemVariables()
  readonly #userVariables = new Map<string, TypedValue>()
  #nextMode: Partial<TransactionMode> = {}

  get isAutocommit(): boolean {
    return this.variables.raw('autocommit') === 1
  }

  /** How long a statement waits for the lock of the volume. */
  get lockWaitTimeoutMs(): number {
    return this.variables.number('innodb_lock_wait_timeout') * 1000
  }

  systemVariable(scope: 'session' | 'global', name: string): TypedValue {
    return scope === 'global' ? new SystemVariables().get(name) : this.variables.get(name)
  }

  userVariable(name: string): TypedValue {
    return this.#userVariables.get(name) ?? { type: NULL_TYPE, value: null }
  }

  setUserVariable(name: string, value: TypedValue): void {
    this.#userVariables.set(name, value)
  }

  /** SET NAMES: only UTF-8 is spoken here. */
  setNames(charset: string): void {
    const names = ['character_set_client', 'character_set_connection', 'character_set_results']
    for (const name of names) this.#setText(name, charset === 'default' ? 'utf8mb4' : charset)
  }

  /** SET TRANSACTION, for the next one or for all of the session. */
  setTransaction(
    statement: Extract<Statement, { kind: 'setTransaction' }>,
    isInTransaction: boolean,
  ): void {
    const { isolation, access } = statement
    if (statement.scope === 'session') {
      if (isolation) this.#setText('transaction_isolation', isolation.replaceAll(' ', '-'))
      if (access) this.#setText('transaction_read_only', access === 'READ ONLY' ? '1' : '0')
      return
    }
    if (isInTransaction) {
      throw new SqlError(
        1568,
        '25001',
        "Transaction characteristics can't be changed while a transaction is in progress",
      )
    }
    this.#nextMode = {
      ...this.#nextMode,
      ...(isolation && { isolation }),
      ...(access && { access }),
    }
  }

  /** How transactions of the session begin. */
  mode(): TransactionMode {
    const isolation = String(this.variables.raw('transaction_isolation')).replaceAll('-', ' ')
    const isReadOnly = this.variables.raw('transaction_read_only') === 1
    return {
      isolation: isolation as IsolationLevel,
      access: isReadOnly ? 'READ ONLY' : 'READ WRITE',
    }
  }

  /** How the next transaction begins. */
  nextMode(access?: TransactionMode['access']): TransactionMode {
    return { ...this.mode(), ...this.#nextMode, ...(access && { access }) }
  }

  /** The same, for one that begins now: what SET TRANSACTION said counts once. */
  takeMode(access?: TransactionMode['access']): TransactionMode {
    const mode = this.nextMode(access)
    this.#nextMode = {}
    return mode
  }

  reset(): void {
    this.variables.reset()
    this.#userVariables.clear()
    this.#nextMode = {}
  }

  #setText(name: string, value: string): void {
    this.variables.set(name, { type: stringType(value.length), value })
  }
}
