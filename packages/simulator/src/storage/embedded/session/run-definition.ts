import { type Catalog, findColumn, type Key, quoteName, type Table } from '../compile/catalog.js'
import { engineType } from '../compile/column-type.js'
import type { Volume } from '../engine/volume.js'
import type { AlterAction, CreateTable, Statement, TableName } from '../sql/ast.js'
import { SqlError, unknownTable, unsupported } from '../sql-error.js'
import type { EngineValue, SqlType } from '../values/sql-type.js'
import { formatNow } from '../values/temporal.js'
import { nowMicros } from './bind-values.js'
import {
  checkKey,
  defineColumn,
  defineTable,
  indexName,
  indexSql,
  nameKey,
} from './define-table.js'
import { bound, DuplicateRow } from './row-writer.js'

/** Statements that define data; each is a transaction of its own. */
export type DefinitionStatement = Extract<
  Statement,
  {
    kind:
      | 'createTable'
      | 'dropTable'
      | 'truncate'
      | 'createIndex'
      | 'dropIndex'
      | 'alterTable'
      | 'renameTable'
  }
>

/** Runs a definition; the caller holds the lock, and undoes the engine's part if it throws. */
export function runDefinition(
  volume: Volume,
  catalog: Catalog,
  statement: DefinitionStatement,
): void {
  switch (statement.kind) {
    case 'createTable':
      return createTable(volume, catalog, statement)
    case 'dropTable':
      return dropTables(volume, catalog, statement.tables, statement.ifExists)
    case 'truncate': {
      const table = requireTable(catalog, statement.table)
      const referrer = [...catalog.all()].find(
        (other) =>
          other !== table && other.foreignKeys.some((key) => key.table.name === table.name),
      )
      if (referrer) throw referenced(table, referrer)
      volume.write(`DELETE FROM ${quoteName(table.name)}`)
      table.counter.next = 1n
      return
    }
    case 'createIndex':
      return alterTable(volume, catalog, requireTable(catalog, statement.table), [
        { kind: 'addKey', key: statement.key },
      ])
    case 'dropIndex':
      return alterTable(volume, catalog, requireTable(catalog, statement.table), [
        { kind: 'dropKey', name: statement.name },
      ])
    case 'alterTable':
      return alterTable(volume, catalog, requireTable(catalog, statement.table), statement.actions)
    case 'renameTable':
      return renameTable(volume, catalog, statement.from, statement.to)
  }
}

function checkSchema(catalog: Catalog, name: TableName): void {
  if (name.schema !== undefined && name.schema !== catalog.database) {
    throw new SqlError(1049, '42000', `Unknown database '${name.schema}'`)
  }
}

function requireTable(catalog: Catalog, name: TableName): Table {
  const table = catalog.get(name.name)
  if (!table || (name.schema !== undefined && name.schema !== catalog.database)) {
    throw unknownTable(name.schema ?? catalog.database, name.name)
  }
  return table
}

function createTable(volume: Volume, catalog: Catalog, statement: CreateTable): void {
  const { name } = statement.table
  checkSchema(catalog, statement.table)
  if (catalog.get(name)) {
    if (statement.ifNotExists) return
    throw tableExists(name)
  }
  refuseTwin(catalog, name)
  const { table, sql } = defineTable(catalog, statement, volume.commitNumber + 1)
  for (const part of sql) volume.write(part)
  catalog.put(table)
}

function tableExists(name: string): SqlError {
  return new SqlError(1050, '42S01', `Table '${name}' already exists`)
}

/** The engine does not tell names apart by case, MySQL on Linux does. */
function refuseTwin(catalog: Catalog, name: string): void {
  if (/^sqlite_/i.test(name)) throw unsupported(`a table named ${name}`)
  if (catalog.names().some((other) => other.toLowerCase() === name.toLowerCase())) {
    throw unsupported('table names that differ only by case')
  }
}

function dropTables(
  volume: Volume,
  catalog: Catalog,
  names: readonly TableName[],
  ifExists: boolean,
): void {
  const missing = names.filter((name) => !catalog.get(name.name))
  if (missing.length > 0 && !ifExists) {
    const list = missing.map((name) => `${name.schema ?? catalog.database}.${name.name}`).join(',')
    throw new SqlError(1051, '42S02', `Unknown table '${list}'`)
  }
  const tables = names.flatMap((name) => catalog.get(name.name) ?? [])
  for (const table of tables) {
    const referrer = [...catalog.all()].find(
      (other) =>
        !tables.includes(other) && other.foreignKeys.some((key) => key.table.name === table.name),
    )
    if (referrer) throw referenced(table, referrer)
  }
  // Children go first, so that no foreign key is in the way.
  const ordered = [...tables].sort((a, b) => b.foreignKeys.length - a.foreignKeys.length)
  for (const table of ordered) {
    volume.write(`DROP TABLE ${quoteName(table.name)}`)
    catalog.delete(table.name)
  }
}

function referenced(table: Table, referrer: Table): SqlError {
  const key = referrer.foreignKeys.find((candidate) => candidate.table.name === table.name)
  return new SqlError(
    3730,
    'HY000',
    `Cannot drop table '${table.name}' referenced by a foreign key constraint '${key?.name}' on table '${referrer.name}'.`,
  )
}

function alterTable(
  volume: Volume,
  catalog: Catalog,
  before: Table,
  actions: readonly AlterAction[],
): void {
  let table = before
  for (const action of actions) table = applyAction(volume, table, action)
  catalog.put({ ...table, definedAt: volume.commitNumber + 1 })
}

function applyAction(volume: Volume, table: Table, action: AlterAction): Table {
  const sqlName = quoteName(table.name)
  switch (action.kind) {
    case 'addColumn': {
      const column = defineColumn(action.column, undefined)
      if (findColumn(table, column.name)) {
        throw new SqlError(1060, '42S21', `Duplicate column name '${column.name}'`)
      }
      if (column.autoIncrement || action.column.key === 'primary') {
        throw unsupported('ADD COLUMN with AUTO_INCREMENT or PRIMARY KEY')
      }
      volume.write(
        `ALTER TABLE ${sqlName} ADD COLUMN ${quoteName(column.name)} ${engineType(column.type)}`,
      )
      const initial = initialValue(column.default, column.type, column.nullable)
      if (initial !== null) {
        volume.write(`UPDATE ${sqlName} SET ${quoteName(column.name)} = ?`, [
          bound(initial, column),
        ])
      }
      const added = { ...table, columns: [...table.columns, column] }
      if (action.column.key !== 'unique') return added
      return applyAction(volume, added, {
        kind: 'addKey',
        key: { kind: 'unique', name: undefined, columns: [column.name] },
      })
    }
    case 'dropColumn': {
      const column = findColumn(table, action.name)
      if (!column) throw cannotDrop(action.name)
      if (table.keys.some((key) => key.columns.includes(column.name))) {
        throw unsupported('DROP COLUMN of a column that is part of a key')
      }
      volume.write(`ALTER TABLE ${sqlName} DROP COLUMN ${quoteName(column.name)}`)
      return { ...table, columns: table.columns.filter((other) => other !== column) }
    }
    case 'addKey': {
      if (action.key.kind === 'primary') throw unsupported('ADD PRIMARY KEY')
      const named = nameKey(action.key, table.keys)
      checkKey(named, table.columns)
      const key = {
        ...named,
        columns: named.columns.map((name) => findColumn(table, name)?.name ?? name),
      }
      try {
        volume.write(indexSql(table, key))
      } catch (error) {
        if (!String(error).includes('UNIQUE constraint failed')) throw error
        throw existingDuplicate(volume, table, key)
      }
      return { ...table, keys: [...table.keys, key] }
    }
    case 'dropKey': {
      const lower = action.name.toLowerCase()
      const key = table.keys.find((candidate) => candidate.name.toLowerCase() === lower)
      if (!key) throw cannotDrop(action.name)
      if (key.kind === 'primary') throw unsupported('DROP PRIMARY KEY')
      volume.write(`DROP INDEX ${indexName(table, key)}`)
      return { ...table, keys: table.keys.filter((other) => other !== key) }
    }
    case 'setAutoIncrement': {
      const wanted = BigInt(action.value)
      if (wanted > table.counter.next) table.counter.next = wanted
      return table
    }
  }
}

/** 1062 for rows that are there already and would break a new key. */
function existingDuplicate(volume: Volume, table: Table, key: Key): unknown {
  const columns = key.columns.map(quoteName).join(', ')
  const all = table.columns.map((column) => quoteName(column.name)).join(', ')
  const notNull = key.columns.map((name) => `${quoteName(name)} IS NOT NULL`).join(' AND ')
  const [row = []] = volume.write(
    `SELECT ${all} FROM ${quoteName(table.name)} WHERE ${notNull} GROUP BY ${columns} HAVING count(*) > 1 LIMIT 1`,
  )
  return new DuplicateRow(table, key, row).toSqlError()
}

function cannotDrop(name: string): SqlError {
  return new SqlError(1091, '42000', `Can't DROP '${name}'; check that column/key exists`)
}

/** What the rows that are there get in a new column: its default, or the type's own empty value. */
function initialValue(
  columnDefault: ReturnType<typeof defineColumn>['default'],
  type: SqlType,
  nullable: boolean,
): EngineValue {
  if (columnDefault.kind === 'value') return columnDefault.value
  if (columnDefault.kind === 'now') return formatNow(nowMicros(), columnDefault.fsp)
  if (nullable) return null
  switch (type.kind) {
    case 'int':
    case 'decimal':
    case 'time':
      return 0n
    case 'double':
      return 0
    case 'string':
      return type.members?.[0] ?? ''
    case 'bytes':
      return new Uint8Array(type.form === 'BINARY' ? type.maxBytes : 0)
    default:
      throw unsupported(`ADD COLUMN of type ${type.kind} NOT NULL without DEFAULT`)
  }
}

function renameTable(volume: Volume, catalog: Catalog, from: TableName, to: TableName): void {
  const table = requireTable(catalog, from)
  checkSchema(catalog, to)
  if (catalog.get(to.name)) throw tableExists(to.name)
  refuseTwin(catalog, to.name)
  if (
    table.foreignKeys.length > 0 ||
    [...catalog.all()].some((other) =>
      other.foreignKeys.some((key) => key.table.name === table.name),
    )
  ) {
    throw unsupported('RENAME of a table with foreign keys')
  }
  const keys = table.keys.filter((key) => key.kind !== 'primary')
  for (const key of keys) volume.write(`DROP INDEX ${indexName(table, key)}`)
  volume.write(`ALTER TABLE ${quoteName(table.name)} RENAME TO ${quoteName(to.name)}`)
  const renamed = { ...table, name: to.name, definedAt: volume.commitNumber + 1 }
  for (const key of keys) volume.write(indexSql(renamed, key))
  catalog.delete(table.name)
  catalog.put(renamed)
}
