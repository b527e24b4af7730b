import type { Access } from './access.js'

export interface Customer {
  readonly id: number
  readonly name: string
  readonly credit: number
}

/**
 * The same small application in each query builder, as its manual would write it: no statement of its own text where the builder
 * has a method.
 *
 * Its tables are there already: `customer (id INT AUTO_INCREMENT, name VARCHAR(60) UNIQUE, credit INT)` and
 * `visit (id INT AUTO_INCREMENT, unit VARCHAR(60), part INT)`.
 */
export interface Shop {
  /** Inserts a customer; gives the id. */
  add(name: string, credit: number): Promise<number>
  find(id: number): Promise<Customer | undefined>
  count(): Promise<number>
  rename(id: number, name: string): Promise<void>
  remove(id: number): Promise<void>
  /**
   * Moves credit from one customer to another in a transaction with two updates. `beforeCommit` is called inside it, after them;
   * when it throws, the transaction is rolled back and its error is that of `transfer`.
   */
  transfer(from: number, to: number, credit: number, beforeCommit: () => void): Promise<void>
  /** All customers by id, row by row; absent where the builder cannot stream. */
  stream?(): AsyncIterable<Customer>
  /** Inserts one row with part 0 into `visit`. */
  visit(unit: string): Promise<void>
  /** Inserts the rows with parts 0 and 1 in one transaction, reading a customer in between. */
  visitTwice(unit: string): Promise<void>
  /** Ends whatever the application opened. */
  close(): Promise<void>
}

/** One query builder, and how it is set up. */
export interface Builder {
  /** As its makers write it. */
  readonly name: string
  /** The npm package that is asked for its version. */
  readonly npmPackage: string
  /** The way in, as Markdown for the table in the README: short. */
  readonly wayIn: string
  open(access: Access): Promise<Shop>
  /** Whether this is the builder's own error for a duplicate key: its class and its code. */
  isDuplicate(error: unknown): boolean
  /** mysql2's error in the one that the builder rejected with; the same, where it is not wrapped. */
  driverError(error: unknown): unknown
}
