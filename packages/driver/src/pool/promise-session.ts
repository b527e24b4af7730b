import mysqlPromise from 'mysql2/promise'
import type { ResultCallback } from '../contract/mysql2.js'
import { applyStack, captureStack } from './callers-stack.js'

type Done = (error: Error | null | undefined) => void

/** What the promise API needs of a session in the callback API. */
interface SessionUnderneath {
  /** Of `config`, whose reading counts as asking where the session is. */
  readonly withTrace: boolean
  run(method: 'query' | 'execute', sql: unknown, values: unknown, done: ResultCallback): void
  beginTransaction(done: ResultCallback): unknown
  commit(done: ResultCallback): unknown
  rollback(done: ResultCallback): unknown
  ping(done: Done): void
  connect(done: (error: Error | null, connection?: unknown) => void): void
  reset(done: Done): void
  changeUser(options: unknown, done: Done): void
  prepare(options: unknown, done: (error: Error | null, statement?: object) => void): void
  unprepare(sql: unknown): unknown
  pause(): void
  resume(): void
  close(): void
  destroy(): void
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

function noCallback(values: unknown): void {
  if (typeof values === 'function')
    throw new Error('Callback function is not available with promise clients.')
}

/** Runs something on a session, and promises its answer. */
function answer(
  { Promise: PromiseImpl }: PromiseShape,
  trace: Error | undefined,
  run: (done: ResultCallback) => unknown,
): Promise<unknown> {
  return new PromiseImpl((resolve, reject) => {
    run((error, rows, fields) => {
      if (error === null || error === undefined) return resolve([rows, fields])
      applyStack(error, trace)
      reject(error)
    })
  })
}

/** mysql2's own `prepare`, since nobody else can make what it resolves with; all that it reads of a connection's config is `trace`. */
function preparedBy(
  prepare: PromiseShape['prepare'],
  { connection, Promise: PromiseImpl }: PromiseShape,
  options: unknown,
): Promise<PreparedShape> {
  const underneath = {
    config: { trace: connection.withTrace },
    prepare: connection.prepare.bind(connection),
  }
  return prepare.call({ connection: underneath, Promise: PromiseImpl } as never, options)
}

/**
 * mysql2's promise connection, giving the caller the very error that was made for the statement: mysql2 before 3.19 gives a copy,
 * which knows nothing of `aurora` and `fatal`. What mysql2 calls there of its own connection's class, whatever it wraps, calls the session.
 */
function withOwnErrors(Base: PromiseClass) {
  const Own = class extends Base {
    query(sql: unknown, values?: unknown): Promise<unknown> {
      noCallback(values)
      return answer(this, captureStack(this.connection.withTrace), (done) =>
        this.connection.run('query', sql, values, done),
      )
    }

    execute(sql: unknown, values?: unknown): Promise<unknown> {
      noCallback(values)
      return answer(this, captureStack(this.connection.withTrace), (done) =>
        this.connection.run('execute', sql, values, done),
      )
    }

    beginTransaction(): Promise<unknown> {
      return answer(this, captureStack(this.connection.withTrace), (done) =>
        this.connection.beginTransaction(done),
      )
    }

    commit(): Promise<unknown> {
      return answer(this, captureStack(this.connection.withTrace), (done) =>
        this.connection.commit(done),
      )
    }

    rollback(): Promise<unknown> {
      return answer(this, captureStack(this.connection.withTrace), (done) =>
        this.connection.rollback(done),
      )
    }

    ping(): Promise<true> {
      return answer(this, captureStack(this.connection.withTrace), (done) =>
        this.connection.ping(done as Done),
      ).then(() => true)
    }

    changeUser(options: unknown): Promise<void> {
      return answer(this, captureStack(this.connection.withTrace), (done) =>
        this.connection.changeUser(options, done as Done),
      ).then(() => {})
    }

    connect(): Promise<unknown> {
      const connect = (done: ResultCallback): void => this.connection.connect(done)
      return answer(this, captureStack(this.connection.withTrace), connect).then(
        (answered) => (answered as unknown[])[0],
      )
    }

    reset(): Promise<void> {
      return answer(this, captureStack(this.connection.withTrace), (done) =>
        this.connection.reset(done as Done),
      ).then(() => {})
    }

    unprepare(sql: unknown): unknown {
      return this.connection.unprepare(sql)
    }

    pause(): void {
      this.connection.pause()
    }

    resume(): void {
      this.connection.resume()
    }

    close(): void {
      this.connection.close()
    }

    destroy(): void {
      this.connection.destroy()
    }

    override prepare(options: unknown): Promise<PreparedShape> {
      return preparedBy(super.prepare, this, options).then((prepared) => {
        const execute = (values?: unknown): Promise<unknown> =>
          answer(this, captureStack(this.connection.withTrace), (done) =>
            prepared.statement.execute(values ?? [], done),
          )
        Object.defineProperty(prepared, 'execute', {
          value: execute,
          configurable: true,
          writable: true,
        })
        return prepared
      })
    }
  }
  // Only what mysql2 has is there: applications look whether it is.
  if (!('reset' in Base.prototype)) Reflect.deleteProperty(Own.prototype, 'reset')
  return Own
}

// Their names stand in their own text: given to them by `defineProperty`, V8 compiles whatever makes one of them anew for ever
// (Node 20 and 22; `--trace-opt --trace-compilation-dependencies` shows it), a third of what a getConnection costs.
class PromisePoolConnection extends withOwnErrors(mysql2Classes.PromisePoolConnection) {}
class PromiseConnection extends withOwnErrors(mysql2Classes.PromiseConnection) {}

export {
  /** What the promise API's `createConnection()` resolves with. */
  PromiseConnection as PromiseSingleConnection,
  /** What the promise pool's `getConnection()` resolves with. */
  PromisePoolConnection as PromiseSession,
}
