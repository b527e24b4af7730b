import { unsupported } from '../sql-error.js'
import type {
  AlterAction,
  ColumnDefinition,
  CreateTable,
  ForeignKeyDefinition,
  KeyDefinition,
  Statement,
} from './ast.js'
import { parseColumnDefinition } from './parse-column.js'
import { parseTableName } from './parse-query.js'
import type { TokenCursor } from './token-cursor.js'

/** CREATE, after its first word. */
export function parseCreate(cursor: TokenCursor): Statement {
  if (cursor.takeWords('TABLE')) return parseCreateTable(cursor)
  const unique = cursor.takeWords('UNIQUE')
  if (cursor.takeWords('INDEX')) {
    const name = cursor.name()
    skipIndexType(cursor)
    cursor.expectWords('ON')
    const table = parseTableName(cursor)
    const columns = parseKeyColumns(cursor)
    skipKeyOptions(cursor)
    return { kind: 'createIndex', table, key: { kind: unique ? 'unique' : 'index', name, columns } }
  }
  if (cursor.token.kind === 'word') throw unsupported(`CREATE ${cursor.token.text}`)
  throw cursor.syntaxError()
}

function parseCreateTable(cursor: TokenCursor): CreateTable {
  const ifNotExists = cursor.takeWords('IF')
  if (ifNotExists) cursor.expectWords('NOT', 'EXISTS')
  const table = parseTableName(cursor)
  if (!cursor.isOperator('(')) throw unsupported('CREATE TABLE … LIKE or AS SELECT')
  const columns: ColumnDefinition[] = []
  const keys: KeyDefinition[] = []
  const foreignKeys: ForeignKeyDefinition[] = []
  cursor.parenthesised(() =>
    cursor.list(() => {
      const constraint = parseConstraint(cursor)
      if (!constraint) columns.push(parseColumnDefinition(cursor))
      else if ('references' in constraint) foreignKeys.push(constraint)
      else keys.push(constraint)
    }),
  )
  const autoIncrement = parseTableOptions(cursor)
  return { kind: 'createTable', ifNotExists, table, columns, keys, foreignKeys, autoIncrement }
}

/** A key or a foreign key; undefined if a column comes next. */
function parseConstraint(cursor: TokenCursor): KeyDefinition | ForeignKeyDefinition | undefined {
  let name: string | undefined
  const constrained = cursor.takeWords('CONSTRAINT')
  if (constrained && cursor.isName()) name = cursor.name()
  if (cursor.takeWords('PRIMARY', 'KEY')) {
    skipIndexType(cursor)
    const key: KeyDefinition = {
      kind: 'primary',
      name: undefined,
      columns: parseKeyColumns(cursor),
    }
    skipKeyOptions(cursor)
    return key
  }
  if (cursor.takeWords('FOREIGN', 'KEY')) return parseForeignKey(cursor, name)
  if (cursor.isWord('CHECK', 'FULLTEXT', 'SPATIAL')) throw unsupported(cursor.token.text)
  const unique = cursor.takeWords('UNIQUE')
  if (!unique && constrained) throw cursor.syntaxError()
  const isKey = cursor.takeAny('KEY', 'INDEX') !== undefined
  if (!unique && !isKey) return undefined
  if (cursor.isName()) name = cursor.name()
  skipIndexType(cursor)
  const columns = parseKeyColumns(cursor)
  skipKeyOptions(cursor)
  return { kind: unique ? 'unique' : 'index', name, columns }
}

function parseKeyColumns(cursor: TokenCursor): readonly string[] {
  return cursor.parenthesised(() =>
    cursor.list(() => {
      if (cursor.isOperator('(')) throw unsupported('keys on expressions')
      const name = cursor.name()
      if (cursor.isOperator('(')) throw unsupported('keys on a prefix of a column')
      cursor.takeAny('ASC', 'DESC')
      return name
    }),
  )
}

function skipIndexType(cursor: TokenCursor): void {
  if (cursor.takeWords('USING') && !cursor.takeAny('BTREE', 'HASH')) throw cursor.syntaxError()
}

function skipKeyOptions(cursor: TokenCursor): void {
  for (;;) {
    if (cursor.isWord('USING')) skipIndexType(cursor)
    else if (cursor.takeWords('COMMENT')) cursor.string()
    else return
  }
}

function parseForeignKey(cursor: TokenCursor, named: string | undefined): ForeignKeyDefinition {
  const name = cursor.isName() ? cursor.name() : named
  const columns = parseKeyColumns(cursor)
  cursor.expectWords('REFERENCES')
  const table = parseTableName(cursor)
  const references = parseKeyColumns(cursor)
  let onDelete: ForeignKeyDefinition['onDelete'] = 'RESTRICT'
  let onUpdate: ForeignKeyDefinition['onUpdate'] = 'RESTRICT'
  while (cursor.takeWords('ON')) {
    const event = cursor.takeAny('DELETE', 'UPDATE')
    if (!event) throw cursor.syntaxError()
    const action = parseReferenceAction(cursor)
    if (event === 'DELETE') onDelete = action
    else onUpdate = action
  }
  return { name, columns, table, references, onDelete, onUpdate }
}

function parseReferenceAction(cursor: TokenCursor): ForeignKeyDefinition['onDelete'] {
  if (cursor.takeWords('CASCADE')) return 'CASCADE'
  if (cursor.takeWords('SET', 'NULL')) return 'SET NULL'
  if (cursor.takeWords('RESTRICT') || cursor.takeWords('NO', 'ACTION')) return 'RESTRICT'
  throw cursor.syntaxError()
}

/** Table options: only the start of AUTO_INCREMENT means something here. */
function parseTableOptions(cursor: TokenCursor): number | undefined {
  let autoIncrement: number | undefined
  const value = (): void => {
    cursor.takeOperator('=')
    cursor.next()
  }
  for (;;) {
    cursor.takeOperator(',')
    if (cursor.takeWords('AUTO_INCREMENT')) {
      cursor.takeOperator('=')
      autoIncrement = cursor.integer()
    } else if (cursor.takeWords('COLLATE') || cursor.takeWords('DEFAULT', 'COLLATE')) {
      cursor.takeOperator('=')
      refuseCollation(cursor.anyName())
    } else if (
      cursor.takeWords('DEFAULT', 'CHARSET') ||
      cursor.takeWords('CHARSET') ||
      cursor.takeWords('DEFAULT', 'CHARACTER', 'SET') ||
      cursor.takeWords('CHARACTER', 'SET')
    ) {
      cursor.takeOperator('=')
      const charset = cursor.anyName()
      if (!/^utf8(mb[34])?$/i.test(charset)) throw unsupported(`CHARACTER SET ${charset}`)
    } else if (cursor.takeAny('ENGINE', 'ROW_FORMAT', 'COMMENT', 'KEY_BLOCK_SIZE')) {
      value()
    } else if (cursor.token.kind === 'end' || cursor.isOperator(';')) {
      return autoIncrement
    } else {
      cursor.refuse('PARTITION', 'AS', 'SELECT')
      throw cursor.syntaxError()
    }
  }
}

function refuseCollation(collation: string): void {
  if (!/^utf8(mb[34])?_.*_ci$/i.test(collation))
    throw unsupported(`COLLATE ${collation} for a table`)
}

/** DROP, after its first word. */
export function parseDrop(cursor: TokenCursor): Statement {
  if (cursor.takeAny('TABLE', 'TABLES')) {
    const ifExists = cursor.takeWords('IF')
    if (ifExists) cursor.expectWords('EXISTS')
    const tables = cursor.list(() => parseTableName(cursor))
    cursor.takeAny('RESTRICT', 'CASCADE')
    return { kind: 'dropTable', ifExists, tables }
  }
  if (cursor.takeWords('INDEX')) {
    const name = cursor.name()
    cursor.expectWords('ON')
    return { kind: 'dropIndex', name, table: parseTableName(cursor) }
  }
  if (cursor.token.kind === 'word') throw unsupported(`DROP ${cursor.token.text}`)
  throw cursor.syntaxError()
}

/** ALTER, after its first word. */
export function parseAlter(cursor: TokenCursor): Statement {
  if (!cursor.takeWords('TABLE')) {
    if (cursor.token.kind === 'word') throw unsupported(`ALTER ${cursor.token.text}`)
    throw cursor.syntaxError()
  }
  const table = parseTableName(cursor)
  if (cursor.takeWords('RENAME')) {
    cursor.refuse('COLUMN', 'INDEX', 'KEY')
    cursor.takeAny('TO', 'AS')
    return { kind: 'renameTable', from: table, to: parseTableName(cursor) }
  }
  return { kind: 'alterTable', table, actions: cursor.list(() => parseAction(cursor)).flat() }
}

function parseAction(cursor: TokenCursor): AlterAction[] {
  if (cursor.takeWords('ADD')) {
    const constraint = parseConstraint(cursor)
    if (constraint && 'references' in constraint) throw unsupported('ALTER TABLE … ADD FOREIGN KEY')
    if (constraint) return [{ kind: 'addKey', key: constraint }]
    cursor.takeWords('COLUMN')
    if (cursor.isOperator('(')) {
      const columns = cursor.parenthesised(() => cursor.list(() => parseColumnDefinition(cursor)))
      return columns.map((column) => ({ kind: 'addColumn', column }))
    }
    const column = parseColumnDefinition(cursor)
    if (cursor.isWord('FIRST', 'AFTER')) throw unsupported(`ADD COLUMN … ${cursor.token.text}`)
    return [{ kind: 'addColumn', column }]
  }
  if (cursor.takeWords('DROP')) {
    cursor.refuse('PRIMARY', 'FOREIGN', 'CONSTRAINT', 'CHECK')
    if (cursor.takeAny('INDEX', 'KEY')) return [{ kind: 'dropKey', name: cursor.name() }]
    cursor.takeWords('COLUMN')
    return [{ kind: 'dropColumn', name: cursor.name() }]
  }
  if (cursor.takeWords('AUTO_INCREMENT')) {
    cursor.takeOperator('=')
    return [{ kind: 'setAutoIncrement', value: cursor.integer() }]
  }
  if (cursor.token.kind === 'word') throw unsupported(`ALTER TABLE … ${cursor.token.text}`)
  throw cursor.syntaxError()
}
