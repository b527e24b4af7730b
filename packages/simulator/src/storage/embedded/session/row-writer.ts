import {
  type Catalog,
  type Column,
  type ForeignKey,
  findColumn,
  type Key,
  quoteName,
  type Table,
} from '../compile/catalog.js'
import { type BoundValue, EngineError, type EngineRow } from '../engine/engine-handle.js'
import type { Volume } from '../engine/volume.js'
import { SqlError } from '../sql-error.js'
import { showInMessage } from '../values/show-value.js'
import type { EngineValue } from '../values/sql-type.js'

/** Extended result codes of broken constraints. */
const FOREIGN_KEY_CODES: readonly number[] = [787, 1811]
const UNIQUE_CODES: readonly number[] = [1555, 2067, 2579]

/** A row that another is in the way of, with the key that says so. */
export class DuplicateRow extends Error {
  readonly table: Table
  readonly key: Key
  /** The row as it would have been. */
  readonly row: EngineRow

  constructor(table: Table, key: Key, row: EngineRow) {
    super('a row is in the way')
    this.table = table
    this.key = key
    this.row = row
  }

  /** As the client is told: 1062. */
  toSqlError(): SqlError {
    const entry = keyValues(this.table, this.key.columns, this.row)
      .map(({ value }, index) => {
        const column = findColumn(this.table, this.key.columns[index] as string) as Column
        return showInMessage(value, column.type)
      })
      .join('-')
    const message = `Duplicate entry '${entry}' for key '${this.table.name}.${this.key.name}'`
    return new SqlError(1062, '23000', message)
  }
}

/** A value to bind for a column. */
export function bound(value: EngineValue, column: Column | undefined): BoundValue {
  return { value, isReal: column?.type.kind === 'double' }
}

/** Changes single rows of tables and says in MySQL's terms why it could not. The lock is held. */
export class RowWriter {
  readonly volume: Volume
  readonly #catalog: Catalog

  constructor(volume: Volume, catalog: Catalog) {
    this.volume = volume
    this.#catalog = catalog
  }

  /** Inserts a row, given by all columns of the table. Throws `DuplicateRow` if a key forbids it. */
  insert(table: Table, row: EngineRow): void {
    const names = table.columns.map((column) => quoteName(column.name)).join(', ')
    const places = table.columns.map(() => '?').join(', ')
    const values = row.map((value, index) => bound(value, table.columns[index]))
    try {
      const sql = `INSERT INTO ${quoteName(table.name)} (${names}) VALUES (${places})`
      this.volume.write(sql, values)
    } catch (error) {
      throw this.#explain(table, row, row, error)
    }
  }

  /** Changes columns of the row with the identity given. Throws `DuplicateRow` if a key forbids it. */
  update(table: Table, columns: readonly Column[], values: EngineRow, identity: EngineRow): void {
    const set = columns.map((column) => `${quoteName(column.name)} = ?`).join(', ')
    const sql = `UPDATE ${quoteName(table.name)} SET ${set} WHERE ${whereIdentity(table)}`
    const assigned = values.map((value, index) => bound(value, columns[index]))
    try {
      this.volume.write(sql, [...assigned, ...identityValues(table, identity)])
    } catch (error) {
      const before = this.#row(table, identity)
      const after = table.columns.map((column, index) => {
        const at = columns.indexOf(column)
        return (at >= 0 ? values[at] : before[index]) ?? null
      })
      throw this.#explain(table, before, after, error)
    }
  }

  delete(table: Table, identity: EngineRow): void {
    try {
      const sql = `DELETE FROM ${quoteName(table.name)} WHERE ${whereIdentity(table)}`
      this.volume.write(sql, identityValues(table, identity))
    } catch (error) {
      throw this.#explain(table, this.#row(table, identity), undefined, error)
    }
  }

  /** The identity of the row that holds the key's values already. */
  findInWay({ table, key, row }: DuplicateRow): EngineRow | undefined {
    const where = key.columns.map((name) => `${quoteName(name)} = ?`).join(' AND ')
    const identity = table.rowIdentity.map(quoteName).join(', ')
    const sql = `SELECT ${identity} FROM ${quoteName(table.name)} WHERE ${where}`
    return this.volume.write(sql, keyValues(table, key.columns, row))[0]
  }

  #row(table: Table, identity: EngineRow): EngineRow {
    const names = table.columns.map((column) => quoteName(column.name)).join(', ')
    const sql = `SELECT ${names} FROM ${quoteName(table.name)} WHERE ${whereIdentity(table)}`
    return this.volume.write(sql, identityValues(table, identity))[0] ?? []
  }

  /** The engine names only columns; which key they are, or which foreign key, is found out here. */
  #explain(table: Table, before: EngineRow, after: EngineRow | undefined, error: unknown): unknown {
    if (!(error instanceof EngineError)) return error
    if (UNIQUE_CODES.includes(error.code) && after) {
      const key = table.keys.find((candidate) => isNamed(table, candidate, error))
      return key ? new DuplicateRow(table, key, after) : error
    }
    if (!FOREIGN_KEY_CODES.includes(error.code)) return error
    const broken = after && table.foreignKeys.find((key) => this.#hasNoParent(table, key, after))
    if (broken) {
      const message = 'Cannot add or update a child row: a foreign key constraint fails'
      return new SqlError(1452, '23000', `${message} (${this.#describe(table, broken)})`)
    }
    const message = 'Cannot delete or update a parent row: a foreign key constraint fails'
    const child = this.#childOf(table, before)
    return new SqlError(1451, '23000', child ? `${message} (${child})` : message)
  }

  #hasNoParent(table: Table, key: ForeignKey, row: EngineRow): boolean {
    const values = keyValues(table, key.columns, row)
    if (values.some(({ value }) => value === null)) return false
    return !this.#exists(key.table.name, key.references, values)
  }

  #exists(table: string, columns: readonly string[], values: readonly BoundValue[]): boolean {
    const where = columns.map((name) => `${quoteName(name)} = ?`).join(' AND ')
    const sql = `SELECT 1 FROM ${quoteName(table)} WHERE ${where} LIMIT 1`
    return this.volume.write(sql, values).length > 0
  }

  #childOf(table: Table, row: EngineRow): string | undefined {
    for (const child of this.#catalog.all()) {
      for (const key of child.foreignKeys) {
        if (key.table.name !== table.name) continue
        const values = keyValues(table, key.references, row)
        if (this.#exists(child.name, key.columns, values)) return this.#describe(child, key)
      }
    }
    return undefined
  }

  #describe(table: Table, key: ForeignKey): string {
    const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')
    const onDelete = key.onDelete === 'RESTRICT' ? '' : ` ON DELETE ${key.onDelete}`
    const onUpdate = key.onUpdate === 'RESTRICT' ? '' : ` ON UPDATE ${key.onUpdate}`
    return (
      `\`${this.#catalog.database}\`.\`${table.name}\`, CONSTRAINT \`${key.name}\` ` +
      `FOREIGN KEY (${list(key.columns)}) REFERENCES \`${key.table.name}\` (${list(key.references)})` +
      onDelete +
      onUpdate
    )
  }
}

function keyValues(table: Table, columns: readonly string[], row: EngineRow): BoundValue[] {
  return columns.map((name) => {
    const column = findColumn(table, name) as Column
    return bound(row[table.columns.indexOf(column)] ?? null, column)
  })
}

function isNamed(table: Table, key: Key, error: EngineError): boolean {
  if (key.kind === 'index') return false
  const columns = key.columns.map((name) => `${table.name}.${name}`).join(', ')
  return error.message.endsWith(`failed: ${columns}`)
}

function whereIdentity(table: Table): string {
  return table.rowIdentity.map((name) => `${quoteName(name)} = ?`).join(' AND ')
}

function identityValues(table: Table, identity: EngineRow): BoundValue[] {
  return identity.map((value, index) =>
    bound(value, findColumn(table, table.rowIdentity[index] as string)),
  )
}
