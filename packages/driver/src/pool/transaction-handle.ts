import { AuroraError } from '../contract/errors.js'
import { applyStack, captureStack } from './callers-stack.js'
import { endedError, type OpenTransaction } from './open-transaction.js'

/** What the application's function holds: the transaction itself, or a savepoint in it. */
export class TransactionHandle {
  readonly attempt: number
  readonly #transaction: OpenTransaction
  readonly #withTrace: boolean
  #isOver = false
  #hasNested = false

  constructor(transaction: OpenTransaction, attempt: number, withTrace: boolean) {
    this.#transaction = transaction
    this.attempt = attempt
    this.#withTrace = withTrace
  }

  query(sql: unknown, values?: unknown): Promise<unknown> {
    return this.#run('query', sql, values, captureStack(this.#withTrace))
  }

  execute(sql: unknown, values?: unknown): Promise<unknown> {
    return this.#run('execute', sql, values, captureStack(this.#withTrace))
  }

  /** A savepoint around `work`. */
  async transaction<T>(work: (tx: TransactionHandle) => T | PromiseLike<T>): Promise<T> {
    this.#refuseUse()
    this.#hasNested = true
    const name = this.#transaction.savepointName()
    const nested = new TransactionHandle(this.#transaction, this.attempt, this.#withTrace)
    try {
      await this.#transaction.control(`SAVEPOINT ${name}`)
      const result = await this.#runNested(name, nested, work)
      await this.#transaction.control(`RELEASE SAVEPOINT ${name}`)
      return result
    } finally {
      this.#hasNested = false
    }
  }

  /** Takes no more statements. */
  close(): void {
    this.#isOver = true
  }

  async #runNested<T>(
    name: string,
    nested: TransactionHandle,
    work: (tx: TransactionHandle) => T | PromiseLike<T>,
  ): Promise<T> {
    try {
      return await work(nested)
    } catch (error) {
      nested.close()
      // When this fails the whole transaction is over, which whatever follows is told; the application hears its own error.
      await this.#transaction.control(`ROLLBACK TO SAVEPOINT ${name}`).catch(ignore)
      throw error
    } finally {
      nested.close()
    }
  }

  async #run(
    method: 'query' | 'execute',
    sql: unknown,
    values: unknown,
    trace: Error | undefined,
  ): Promise<unknown> {
    try {
      this.#refuseUse()
      if (typeof values === 'function')
        throw new Error('Callback function is not available with promise clients.')
      return await this.#transaction.run(method, sql, values)
    } catch (error) {
      applyStack(error, trace)
      throw error
    }
  }

  #refuseUse(): void {
    if (this.#isOver) throw endedError(this.#transaction.end)
    if (!this.#hasNested) return
    throw new AuroraError(
      'ERR_AURORA_TRANSACTION_NESTED',
      'A nested transaction of this handle is under way: use the handle that its function was given, and start the next one when it has ended',
    )
  }
}

function ignore(): void {}
