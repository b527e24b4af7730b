import {
  type Catalog,
  type Column,
  type ColumnDefault,
  type ForeignKey,
  findColumn,
  type Key,
  quoteName,
  type Table,
} from '../compile/catalog.js'
import { canAutoIncrement, columnType, declaredType, engineType } from '../compile/column-type.js'
import type {
  ColumnDefinition,
  CreateTable,
  ForeignKeyDefinition,
  KeyDefinition,
} from '../sql/ast.js'
import { SqlError, unsupported } from '../sql-error.js'
import { parseNumber } from '../values/decimal.js'
import {
  DOUBLE,
  decimalType,
  type EngineValue,
  NULL_TYPE,
  type SqlType,
  stringType,
  TRUTH,
} from '../values/sql-type.js'
import { storeValue } from '../values/store-value.js'

/** A new table with the engine's SQL that makes it. */
export interface TableDefinition {
  readonly table: Table
  readonly sql: readonly string[]
}

/** Turns CREATE TABLE into a table of the catalog and the engine's statements. */
export function defineTable(
  catalog: Catalog,
  statement: CreateTable,
  definedAt: number,
): TableDefinition {
  const { name } = statement.table
  const definitions = statement.columns.map(expandSerial)
  const keys = keysOf(definitions, statement.keys)
  const primary = keys.find((key) => key.kind === 'primary')
  const columns = definitions.map((definition) => defineColumn(definition, primary))
  const names = columns.map((column) => column.name.toLowerCase())
  const repeated = names.find((column, index) => names.indexOf(column) !== index)
  if (repeated !== undefined)
    throw new SqlError(1060, '42S21', `Duplicate column name '${repeated}'`)
  if (columns.length === 0) throw new SqlError(1113, '42000', 'A table must have at least 1 column')
  for (const key of keys) checkKey(key, columns)
  checkAutoIncrement(columns, keys)
  const foreignKeys = statement.foreignKeys.map((key, index) =>
    defineForeignKey(catalog, key, `${name}_ibfk_${index + 1}`),
  )
  const table: Table = {
    name,
    columns,
    keys: keys.map((key) => ({
      ...key,
      columns: key.columns.map((column) => columnNamed(columns, column).name),
    })),
    foreignKeys,
    rowIdentity: primary
      ? primary.columns.map((column) => columnNamed(columns, column).name)
      : ['_rowid_'],
    definedAt,
    counter: { next: BigInt(statement.autoIncrement ?? 1) },
  }
  return {
    table,
    sql: [
      createSql(table),
      ...table.keys.filter((key) => key.kind !== 'primary').map((key) => indexSql(table, key)),
    ],
  }
}

function expandSerial(definition: ColumnDefinition): ColumnDefinition {
  if (definition.type.name !== 'SERIAL') return definition
  const type = { name: 'BIGINT', arguments: [], values: [], unsigned: true }
  return {
    ...definition,
    type,
    nullable: false,
    autoIncrement: true,
    key: definition.key ?? 'unique',
  }
}

/** A column from its definition; part of the primary key it is never NULL. */
export function defineColumn(definition: ColumnDefinition, primary: Key | undefined): Column {
  const type = columnType(definition)
  const lower = definition.name.toLowerCase()
  const isPrimary = primary?.columns.some((name) => name.toLowerCase() === lower) ?? false
  return {
    name: definition.name,
    type,
    nullable: definition.nullable && !isPrimary,
    autoIncrement: definition.autoIncrement,
    default: defaultOf(definition, type),
    onUpdateNow: definition.onUpdateNow,
    declared: declaredType(type),
  }
}

function defaultOf(definition: ColumnDefinition, type: SqlType): ColumnDefault {
  const { defaultValue } = definition
  if (!defaultValue) return { kind: 'none' }
  const invalid = new SqlError(1067, '42000', `Invalid default value for '${definition.name}'`)
  if (defaultValue.kind === 'call') {
    if (type.kind !== 'datetime') throw invalid
    return { kind: 'now', fsp: type.fsp }
  }
  let value: EngineValue = null
  let from: SqlType = NULL_TYPE
  switch (defaultValue.kind) {
    case 'null':
      if (!definition.nullable) throw invalid
      break
    case 'boolean':
      value = defaultValue.value ? 1n : 0n
      from = TRUTH
      break
    case 'number': {
      const { digits, scale } = parseNumber(defaultValue.text)
      const isReal = /[eE]/.test(defaultValue.text)
      value = isReal ? Number(defaultValue.text) : digits
      from = isReal ? DOUBLE : decimalType(65, scale)
      break
    }
    case 'string':
      value = defaultValue.value
      from = stringType(65535)
      break
    case 'bytes':
      value = defaultValue.value
      from = { kind: 'bytes', form: 'VARBINARY', maxBytes: 65535 }
      break
    case 'temporal':
      value = defaultValue.text
      from = stringType(30)
      break
    default:
      throw invalid
  }
  try {
    return {
      kind: 'value',
      value: storeValue(value, from, { column: definition.name, type, row: 1 }),
    }
  } catch {
    throw invalid
  }
}

function keysOf(
  columns: readonly ColumnDefinition[],
  definitions: readonly KeyDefinition[],
): readonly Key[] {
  const inline = columns.flatMap((column): KeyDefinition[] =>
    column.key ? [{ kind: column.key, name: undefined, columns: [column.name] }] : [],
  )
  const all = [...inline, ...definitions]
  const primaries = all.filter((key) => key.kind === 'primary')
  if (primaries.length > 1) throw new SqlError(1068, '42000', 'Multiple primary key defined')
  const keys: Key[] = []
  for (const key of [...primaries, ...all.filter((other) => other.kind !== 'primary')]) {
    keys.push(nameKey(key, keys))
  }
  return keys
}

/** Keys without a name take that of their first column, with a number if it is taken. */
export function nameKey(key: KeyDefinition, others: readonly Key[]): Key {
  if (key.kind === 'primary') return { kind: 'primary', name: 'PRIMARY', columns: key.columns }
  const isTaken = (name: string): boolean =>
    others.some((other) => other.name.toLowerCase() === name.toLowerCase())
  const first = key.columns[0] ?? ''
  let name = key.name ?? first
  if (key.name !== undefined && isTaken(name)) {
    throw new SqlError(1061, '42000', `Duplicate key name '${name}'`)
  }
  for (let count = 2; isTaken(name); count++) name = `${first}_${count}`
  return { kind: key.kind, name, columns: key.columns }
}

/** The columns of a key must be there. */
export function checkKey(key: Key, columns: readonly Column[]): void {
  for (const name of key.columns) {
    const { type } = columnNamed(columns, name)
    if (
      type.kind === 'json' ||
      (type.kind === 'string' && type.form === 'TEXT') ||
      (type.kind === 'bytes' && type.form === 'BLOB')
    ) {
      throw new SqlError(
        1170,
        '42000',
        `BLOB/TEXT column '${name}' used in key specification without a key length`,
      )
    }
  }
}

function columnNamed(columns: readonly Column[], name: string): Column {
  const lower = name.toLowerCase()
  const column = columns.find((candidate) => candidate.name.toLowerCase() === lower)
  if (!column) throw new SqlError(1072, '42000', `Key column '${name}' doesn't exist in table`)
  return column
}

function checkAutoIncrement(columns: readonly Column[], keys: readonly Key[]): void {
  const counting = columns.filter((column) => column.autoIncrement)
  const [column] = counting
  if (!column) return
  const isKey = keys.some((key) => key.columns[0]?.toLowerCase() === column.name.toLowerCase())
  if (counting.length > 1 || !isKey) {
    throw new SqlError(
      1075,
      '42000',
      'Incorrect table definition; there can be only one auto column and it must be defined as a key',
    )
  }
  if (!canAutoIncrement(column.type)) {
    throw new SqlError(1063, '42000', `Incorrect column specifier for column '${column.name}'`)
  }
}

function defineForeignKey(catalog: Catalog, key: ForeignKeyDefinition, name: string): ForeignKey {
  const parent = catalog.get(key.table.name)
  // A table may refer to itself only once it is there: outside the subset.
  if (!parent)
    throw new SqlError(1824, 'HY000', `Failed to open the referenced table '${key.table.name}'`)
  const isKnown = key.references.every((column) => findColumn(parent, column))
  const isUnique = parent.keys.some(
    (candidate) =>
      candidate.kind !== 'index' &&
      candidate.columns.length === key.references.length &&
      candidate.columns.every(
        (column, index) => column.toLowerCase() === key.references[index]?.toLowerCase(),
      ),
  )
  if (!isKnown || !isUnique) throw unsupported('a foreign key to other than a unique key')
  return { ...key, name: key.name ?? name }
}

/** The engine's CREATE TABLE: rows lie in the order of the primary key, as InnoDB's do. */
function createSql(table: Table): string {
  const primary = table.keys.find((key) => key.kind === 'primary')
  const [only] = primary?.columns.length === 1 ? primary.columns : []
  const isRowId = only !== undefined && findColumn(table, only)?.type.kind === 'int'
  const columns = table.columns.map((column) => {
    const notNull = column.nullable ? '' : ' NOT NULL'
    const key = isRowId && column.name === only ? ' PRIMARY KEY' : ''
    return `${quoteName(column.name)} ${engineType(column.type)}${key}${notNull}`
  })
  const list = (names: readonly string[]): string => names.map(quoteName).join(', ')
  if (primary && !isRowId) columns.push(`PRIMARY KEY (${list(primary.columns)})`)
  for (const key of table.foreignKeys) {
    columns.push(
      `FOREIGN KEY (${list(key.columns)}) REFERENCES ${quoteName(key.table.name)} (${list(key.references)}) ` +
        `ON DELETE ${key.onDelete} ON UPDATE ${key.onUpdate}`,
    )
  }
  const withoutRowId = primary && !isRowId ? ' WITHOUT ROWID' : ''
  return `CREATE TABLE ${quoteName(table.name)} (${columns.join(', ')})${withoutRowId}`
}

/** The engine's CREATE INDEX; index names are the schema's there, the table's in MySQL. */
export function indexSql(table: Table, key: Key): string {
  const unique = key.kind === 'unique' ? 'UNIQUE ' : ''
  const columns = key.columns.map(quoteName).join(', ')
  return `CREATE ${unique}INDEX ${indexName(table, key)} ON ${quoteName(table.name)} (${columns})`
}

/** What the engine calls a key. */
export function indexName(table: Table, key: Key): string {
  return quoteName(`${table.name}.${key.name}`)
}
