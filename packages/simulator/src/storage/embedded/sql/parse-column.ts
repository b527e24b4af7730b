import { unsupported } from '../sql-error.js'
import type { ColumnDefinition, ColumnType, Expression } from './ast.js'
import { parseExpression } from './parse-expression.js'
import type { TokenCursor } from './token-cursor.js'

/** The column types of the subset, by each of their names. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  TINYINT: 'TINYINT',
  SMALLINT: 'SMALLINT',
  MEDIUMINT: 'MEDIUMINT',
  INT: 'INT',
  INTEGER: 'INT',
  BIGINT: 'BIGINT',
  BOOL: 'BOOLEAN',
  BOOLEAN: 'BOOLEAN',
  SERIAL: 'SERIAL',
  DECIMAL: 'DECIMAL',
  DEC: 'DECIMAL',
  NUMERIC: 'DECIMAL',
  FIXED: 'DECIMAL',
  FLOAT: 'FLOAT',
  DOUBLE: 'DOUBLE',
  REAL: 'DOUBLE',
  CHAR: 'CHAR',
  CHARACTER: 'CHAR',
  VARCHAR: 'VARCHAR',
  TINYTEXT: 'TINYTEXT',
  TEXT: 'TEXT',
  MEDIUMTEXT: 'MEDIUMTEXT',
  LONGTEXT: 'LONGTEXT',
  BINARY: 'BINARY',
  VARBINARY: 'VARBINARY',
  TINYBLOB: 'TINYBLOB',
  BLOB: 'BLOB',
  MEDIUMBLOB: 'MEDIUMBLOB',
  LONGBLOB: 'LONGBLOB',
  DATE: 'DATE',
  DATETIME: 'DATETIME',
  TIMESTAMP: 'TIMESTAMP',
  TIME: 'TIME',
  YEAR: 'YEAR',
  JSON: 'JSON',
  ENUM: 'ENUM',
}

/** Types that MySQL has and the subset has not. */
const FOREIGN_TYPES = new Set(
  'BIT SET GEOMETRY POINT LINESTRING POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON GEOMETRYCOLLECTION NCHAR NVARCHAR NATIONAL LONG VECTOR'.split(
    ' ',
  ),
)

/** Collations of strings told apart byte by byte. */
const BINARY_COLLATION = /_bin$/i
const INSENSITIVE_COLLATION = /^utf8(mb[34])?_.*_ci$/i

/** One column of CREATE TABLE or ADD COLUMN. */
export function parseColumnDefinition(cursor: TokenCursor): ColumnDefinition {
  const name = cursor.name()
  const type = parseColumnType(cursor)
  let nullable = true
  let autoIncrement = false
  let defaultValue: Expression | undefined
  let onUpdateNow = false
  let key: ColumnDefinition['key']
  let collation: string | undefined
  for (;;) {
    if (cursor.takeWords('NOT', 'NULL')) nullable = false
    else if (cursor.takeWords('NULL')) nullable = true
    else if (cursor.takeWords('AUTO_INCREMENT')) autoIncrement = true
    else if (cursor.takeWords('DEFAULT')) defaultValue = parseDefault(cursor)
    else if (cursor.takeWords('ON', 'UPDATE')) {
      const value = parseExpression(cursor)
      if (value.kind !== 'call' || value.name !== 'NOW') throw cursor.syntaxError()
      onUpdateNow = true
    } else if (cursor.takeWords('PRIMARY')) {
      cursor.expectWords('KEY')
      key = 'primary'
    } else if (cursor.takeWords('UNIQUE')) {
      cursor.takeWords('KEY')
      key = 'unique'
    } else if (cursor.takeWords('KEY')) key = 'primary'
    else if (cursor.takeWords('COMMENT')) cursor.string()
    else if (cursor.takeWords('COLLATE')) collation = checkCollation(cursor.anyName())
    else if (cursor.takeWords('CHARACTER', 'SET') || cursor.takeWords('CHARSET')) {
      const charset = cursor.anyName()
      if (!/^utf8(mb[34])?$/i.test(charset)) throw unsupported(`CHARACTER SET ${charset}`)
    } else break
  }
  cursor.refuse(
    'REFERENCES',
    'CHECK',
    'GENERATED',
    'AS',
    'VISIBLE',
    'INVISIBLE',
    'CONSTRAINT',
    'STORAGE',
  )
  return { name, type, nullable, autoIncrement, defaultValue, onUpdateNow, key, collation }
}

function parseDefault(cursor: TokenCursor): Expression {
  if (cursor.isOperator('(')) throw unsupported('DEFAULT (expression)')
  const value = parseExpression(cursor)
  switch (value.kind) {
    case 'null':
    case 'boolean':
    case 'number':
    case 'string':
    case 'bytes':
    case 'temporal':
      return value
    case 'call':
      if (value.name === 'NOW') return value
      throw cursor.syntaxError()
    default:
      throw cursor.syntaxError()
  }
}

function checkCollation(collation: string): string {
  if (!BINARY_COLLATION.test(collation) && !INSENSITIVE_COLLATION.test(collation)) {
    throw unsupported(`COLLATE ${collation}`)
  }
  return collation.toLowerCase()
}

function parseColumnType(cursor: TokenCursor): ColumnType {
  const word = cursor.token.kind === 'word' ? cursor.token.text : ''
  const name = TYPE_NAMES[word]
  if (!name) {
    if (FOREIGN_TYPES.has(word)) throw unsupported(`columns of type ${word}`)
    throw cursor.syntaxError()
  }
  cursor.next()
  if (word === 'DOUBLE') cursor.takeWords('PRECISION')
  if (word === 'CHAR' || word === 'CHARACTER') {
    if (cursor.takeWords('VARYING')) return { ...parseTypeTail(cursor, 'VARCHAR') }
  }
  return parseTypeTail(cursor, name)
}

function parseTypeTail(cursor: TokenCursor, name: string): ColumnType {
  let numbers: readonly number[] = []
  let values: readonly string[] = []
  if (cursor.isOperator('(')) {
    if (name === 'ENUM') values = cursor.parenthesised(() => cursor.list(() => cursor.string()))
    else numbers = cursor.parenthesised(() => cursor.list(() => cursor.integer()))
  }
  let unsigned = false
  for (;;) {
    if (cursor.takeWords('UNSIGNED')) unsigned = true
    else if (!cursor.takeWords('SIGNED')) break
  }
  cursor.refuse('ZEROFILL')
  if (name === 'ENUM' && values.length === 0) throw cursor.syntaxError()
  if (name === 'VARCHAR' && numbers.length === 0) throw cursor.syntaxError()
  return { name, arguments: numbers, values, unsigned }
}
