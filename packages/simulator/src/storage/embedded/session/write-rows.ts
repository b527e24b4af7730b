import { type Column, findColumn, type Key, quoteName, type Table } from '../compile/catalog.js'
import { type BoundValue, EngineError, type EngineRow } from '../engine/engine-handle.js'
import type { Volume } from '../engine/volume.js'
import { SqlError } from '../sql-error.js'
import { showInMessage } from '../values/show-value.js'
import type { EngineValue } from '../values/sql-type.js'

/** Extended result codes of broken constraints. */
const CONSTRAINT_FOREIGN_KEY = 787
const CONSTRAINT_UNIQUE: readonly number[] = [1555, 2067, 2579]

/** A row that another is in the way of, with the key that says so. */
export class DuplicateRow extends Error {
  readonly key: Key
  /** The row as it would have been. */
  readonly row: EngineRow

  constructor(key: Key, row: EngineRow) {
    super('duplicate')
    this.key = key
    this.row = row
  }
}

export function bound(value: EngineValue, column: Column | undefined): BoundValue {
  return { value, isReal: column?.type.kind === 'double' }
}

/** Inserts one row, given by all columns of the table; throws `DuplicateRow` if a key forbids it. */
export function insertRow(volume: Volume, table: Table, row: EngineRow): void {
  const names = table.columns.map((column) => quoteName(column.name)).join(', ')
  const places = table.columns.map(() => '?').join(', ')
  const sql = `INSERT INTO ${quoteName(table.name)} (${names}) VALUES (${places})`
  try {
    volume.write(
      sql,
      row.map((value, index) => bound(value, table.columns[index])),
    )
  } catch (error) {
    throw constraintError(volume, table, row, error)
  }
}

/** Changes columns of the row with the identity given. */
export function updateRow(
  volume: Volume,
  table: Table,
  columns: readonly Column[],
  values: EngineRow,
  identity: EngineRow,
): void {
  const set = columns.map((column) => `${quoteName(column.name)} = ?`).join(', ')
  const sql = `UPDATE ${quoteName(table.name)} SET ${set} WHERE ${whereIdentity(table)}`
  const parameters = [
    ...values.map((value, index) => bound(value, columns[index])),
    ...identityValues(table, identity),
  ]
  try {
    volume.write(sql, parameters)
  } catch (error) {
    const row = rowAfter(volume, table, columns, values, identity)
    throw constraintError(volume, table, row, error)
  }
}

export function deleteRow(volume: Volume, table: Table, identity: EngineRow): void {
  try {
    volume.write(
      `DELETE FROM ${quoteName(table.name)} WHERE ${whereIdentity(table)}`,
      identityValues(table, identity),
    )
  } catch (error) {
    throw constraintError(volume, table, [], error)
  }
}

/** The row that holds `key`'s values already. */
export function findByKey(
  volume: Volume,
  table: Table,
  key: Key,
  row: EngineRow,
): EngineRow | undefined {
  const where = key.columns.map((name) => `${quoteName(name)} = ?`).join(' AND ')
  const identity = table.rowIdentity.map(quoteName).join(', ')
  const sql = `SELECT ${identity} FROM ${quoteName(table.name)} WHERE ${where}`
  return volume.write(sql, keyValues(table, key, row))[0]
}

function keyValues(table: Table, key: Key, row: EngineRow): BoundValue[] {
  return key.columns.map((name) => {
    const column = findColumn(table, name) as Column
    return bound(row[table.columns.indexOf(column)] ?? null, column)
  })
}

/** 1062 for a row that could not be stored. */
export function duplicateEntry(table: Table, { key, row }: DuplicateRow): SqlError {
  const entry = keyValues(table, key, row)
    .map(({ value }, index) => {
      const column = findColumn(table, key.columns[index] as string) as Column
      return showInMessage(value, column.type)
    })
    .join('-')
  return new SqlError(
    1062,
    '23000',
    `Duplicate entry '${entry}' for key '${table.name}.${key.name}'`,
  )
}

function whereIdentity(table: Table): string {
  return table.rowIdentity.map((name) => `${quoteName(name)} = ?`).join(' AND ')
}

function identityValues(table: Table, identity: EngineRow): BoundValue[] {
  return identity.map((value, index) =>
    bound(value, findColumn(table, table.rowIdentity[index] as string)),
  )
}

function rowAfter(
  volume: Volume,
  table: Table,
  columns: readonly Column[],
  values: EngineRow,
  identity: EngineRow,
): EngineRow {
  const names = table.columns.map((column) => quoteName(column.name)).join(', ')
  const sql = `SELECT ${names} FROM ${quoteName(table.name)} WHERE ${whereIdentity(table)}`
  const [old = []] = volume.write(sql, identityValues(table, identity))
  return table.columns.map((column, index) => {
    const at = columns.indexOf(column)
    return (at >= 0 ? values[at] : old[index]) ?? null
  })
}

/** The engine names only the columns; which key they are, and which foreign key, is looked up here. */
function constraintError(volume: Volume, table: Table, row: EngineRow, error: unknown): unknown {
  if (!(error instanceof EngineError)) return error
  if (CONSTRAINT_UNIQUE.includes(error.code)) {
    const key = table.keys.find((candidate) => isKeyNamed(table, candidate, error))
    return key ? new DuplicateRow(key, row) : error
  }
  if (error.code === CONSTRAINT_FOREIGN_KEY) return foreignKeyError(volume, table, row)
  return error
}

function isKeyNamed(table: Table, key: Key, error: EngineError): boolean {
  if (key.kind === 'index') return false
  const columns = key.columns.map((name) => `${table.name}.${name}`).join(', ')
  return error.message.endsWith(`failed: ${columns}`)
}

function foreignKeyError(volume: Volume, table: Table, row: EngineRow): SqlError {
  for (const key of table.foreignKeys) {
    const values = keyValues(table, { kind: 'index', name: key.name, columns: key.columns }, row)
    if (row.length === 0 || values.some(({ value }) => value === null)) continue
    const where = key.references.map((name) => `${quoteName(name)} = ?`).join(' AND ')
    const parent = volume.write(
      `SELECT 1 FROM ${quoteName(key.table.name)} WHERE ${where} LIMIT 1`,
      values,
    )
    if (parent.length > 0) continue
    const message = 'Cannot add or update a child row: a foreign key constraint fails'
    return new SqlError(1452, '23000', `${message} (${describe(table.name, key)})`)
  }
  const message = 'Cannot delete or update a parent row: a foreign key constraint fails'
  return new SqlError(1451, '23000', message)
}

function describe(table: string, key: Table['foreignKeys'][number]): string {
  const names = (columns: readonly string[]): string =>
    columns.map((name) => `\`${name}\``).join(', ')
  return `\`${table}\`, CONSTRAINT \`${key.name}\` FOREIGN KEY (${names(key.columns)}) REFERENCES \`${key.table.name}\` (${names(key.references)})`
}
