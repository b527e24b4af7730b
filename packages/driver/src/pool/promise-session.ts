import mysqlPromise from 'mysql2/promise'
import type { ResultCallback } from '../contract/mysql2.js'
import { applyStack, captureStack } from './callers-stack.js'

type Done = (error: Error | null | undefined) => void

/** What the promise API needs of a session in the callback API. */
interface SessionUnderneath {
  readonly config: { readonly trace: boolean }
  query(sql: unknown, values: unknown, done: ResultCallback): unknown
  execute(sql: unknown, values: unknown, done: ResultCallback): unknown
  beginTransaction(done: ResultCallback): unknown
  commit(done: ResultCallback): unknown
  rollback(done: ResultCallback): unknown
  ping(done: Done): void
  changeUser(options: unknown, done: Done): void
}

interface PreparedShape {
  readonly statement: { execute(values: unknown, done: ResultCallback): unknown }
  execute(values?: unknown): Promise<unknown>
}

interface PromiseShape {
  readonly connection: SessionUnderneath
  readonly Promise: PromiseConstructor
  prepare(options: unknown): Promise<PreparedShape>
}

type PromiseClass = new (connection: never, promiseImpl?: PromiseConstructor) => PromiseShape

/** mysql2's typings leave these classes out. */
const mysql2Classes = mysqlPromise as unknown as {
  readonly PromiseConnection: PromiseClass
  readonly PromisePoolConnection: PromiseClass
}

type Method = (...args: never[]) => unknown

function noCallback(values: unknown): void {
  if (typeof values === 'function')
    throw new Error('Callback function is not available with promise clients.')
}

/**
 * mysql2's promise connection, giving the caller the very error that was made for the statement: mysql2 before 3.19 gives a copy,
 * which knows nothing of `aurora` and `fatal`.
 */
function withOwnErrors(Base: PromiseClass) {
  const Own = class extends Base {
    query(sql: unknown, values?: unknown): Promise<unknown> {
      noCallback(values)
      return this.#answer(Own.prototype.query, (done) => this.connection.query(sql, values, done))
    }

    execute(sql: unknown, values?: unknown): Promise<unknown> {
      noCallback(values)
      return this.#answer(Own.prototype.execute, (done) =>
        this.connection.execute(sql, values, done),
      )
    }

    beginTransaction(): Promise<unknown> {
      return this.#answer(Own.prototype.beginTransaction, (done) =>
        this.connection.beginTransaction(done),
      )
    }

    commit(): Promise<unknown> {
      return this.#answer(Own.prototype.commit, (done) => this.connection.commit(done))
    }

    rollback(): Promise<unknown> {
      return this.#answer(Own.prototype.rollback, (done) => this.connection.rollback(done))
    }

    ping(): Promise<true> {
      const { ping } = Own.prototype
      return this.#answer(ping, (done) => this.connection.ping(done as Done)).then(() => true)
    }

    changeUser(options: unknown): Promise<void> {
      const { changeUser } = Own.prototype
      return this.#answer(changeUser, (done) =>
        this.connection.changeUser(options, done as Done),
      ).then(() => {})
    }

    override prepare(options: unknown): Promise<PreparedShape> {
      return super.prepare(options).then((prepared) => {
        const execute = (values?: unknown): Promise<unknown> =>
          this.#answer(execute, (done) => prepared.statement.execute(values ?? [], done))
        Object.defineProperty(prepared, 'execute', {
          value: execute,
          configurable: true,
          writable: true,
        })
        return prepared
      })
    }

    #answer(below: Method, run: (done: ResultCallback) => unknown): Promise<unknown> {
      const stack = this.connection.config.trace ? captureStack(below) : undefined
      return new this.Promise((resolve, reject) => {
        run((error, rows, fields) => {
          if (error === null || error === undefined) return resolve([rows, fields])
          applyStack(error, stack)
          reject(error)
        })
      })
    }
  }
  Object.defineProperty(Own, 'name', { value: Base.name })
  return Own
}

/** What the promise pool's `getConnection()` resolves with. */
export const PromiseSession = withOwnErrors(mysql2Classes.PromisePoolConnection)

/** What the promise API's `createConnection()` resolves with. */
export const PromiseSingleConnection = withOwnErrors(mysql2Classes.PromiseConnection)
