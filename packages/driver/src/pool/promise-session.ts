import mysqlPromise from 'mysql2/promise'
import type { ResultCallback } from '../contract/mysql2.js'
import { applyStack, captureStack } from './callers-stack.js'

type Done = (error: Error | null | undefined) => void

/** What the promise API needs of a session in the callback API. */
interface SessionUnderneath {
  readonly config: { readonly trace: boolean }
  run(method: 'query' | 'execute', sql: unknown, values: unknown, done: ResultCallback): void
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

/** The method that was called, and `answer`. */
const OWN_FRAMES = 2

function noCallback(values: unknown): void {
  if (typeof values === 'function')
    throw new Error('Callback function is not available with promise clients.')
}

/** Runs something on a session, and promises its answer. */
function answer(
  { connection, Promise: PromiseImpl }: PromiseShape,
  run: (done: ResultCallback) => unknown,
): Promise<unknown> {
  const trace = connection.config.trace ? captureStack(OWN_FRAMES) : undefined
  return new PromiseImpl((resolve, reject) => {
    run((error, rows, fields) => {
      if (error === null || error === undefined) return resolve([rows, fields])
      applyStack(error, trace, OWN_FRAMES)
      reject(error)
    })
  })
}

/**
 * mysql2's promise connection, giving the caller the very error that was made for the statement: mysql2 before 3.19 gives a copy,
 * which knows nothing of `aurora` and `fatal`.
 */
function withOwnErrors(Base: PromiseClass) {
  return class extends Base {
    query(sql: unknown, values?: unknown): Promise<unknown> {
      noCallback(values)
      return answer(this, (done) => this.connection.run('query', sql, values, done))
    }

    execute(sql: unknown, values?: unknown): Promise<unknown> {
      noCallback(values)
      return answer(this, (done) => this.connection.run('execute', sql, values, done))
    }

    beginTransaction(): Promise<unknown> {
      return answer(this, (done) => this.connection.beginTransaction(done))
    }

    commit(): Promise<unknown> {
      return answer(this, (done) => this.connection.commit(done))
    }

    rollback(): Promise<unknown> {
      return answer(this, (done) => this.connection.rollback(done))
    }

    ping(): Promise<true> {
      return answer(this, (done) => this.connection.ping(done as Done)).then(() => true)
    }

    changeUser(options: unknown): Promise<void> {
      return answer(this, (done) => this.connection.changeUser(options, done as Done)).then(
        () => {},
      )
    }

    override prepare(options: unknown): Promise<PreparedShape> {
      return super.prepare(options).then((prepared) => {
        const execute = (values?: unknown): Promise<unknown> =>
          answer(this, (done) => prepared.statement.execute(values ?? [], done))
        Object.defineProperty(prepared, 'execute', {
          value: execute,
          configurable: true,
          writable: true,
        })
        return prepared
      })
    }
  }
}

// Their names stand in their own text: given to them by `defineProperty`, V8 compiles whatever makes one of them anew for ever
// (Node 20 and 22; `--trace-opt --trace-compilation-dependencies` shows it), a third of what a getConnection costs.

/** What the promise pool's `getConnection()` resolves with. */
export const PromiseSession = class PromisePoolConnection extends withOwnErrors(
  mysql2Classes.PromisePoolConnection,
) {}

/** What the promise API's `createConnection()` resolves with. */
export const PromiseSingleConnection = class PromiseConnection extends withOwnErrors(
  mysql2Classes.PromiseConnection,
) {}
