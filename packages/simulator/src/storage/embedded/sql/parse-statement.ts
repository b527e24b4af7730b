import { unsupported } from '../sql-error.js'
import type { Statement } from './ast.js'
import { parseAlter, parseCreate, parseDrop } from './parse-definition.js'
import { parseExpression, startsQuery } from './parse-expression.js'
import { parseQuery, parseTableName } from './parse-query.js'
import { parseCompletion, parseSet, parseShow, parseStartTransaction } from './parse-session.js'
import { parseDelete, parseInsert, parseUpdate } from './parse-write.js'
import { TokenCursor } from './token-cursor.js'

/** A statement of a text, with what its sender must supply. */
export interface ParsedStatement {
  readonly statement: Statement
  readonly parameterCount: number
}

/** First words of statements that MySQL has and the subset has not. */
const FOREIGN_STATEMENTS = [
  'ANALYZE',
  'BINLOG',
  'CACHE',
  'CALL',
  'CHANGE',
  'CHECK',
  'CHECKSUM',
  'CLONE',
  'DEALLOCATE',
  'EXECUTE',
  'EXPLAIN',
  'FLUSH',
  'GET',
  'GRANT',
  'HANDLER',
  'HELP',
  'IMPORT',
  'INSTALL',
  'LOAD',
  'LOCK',
  'OPTIMIZE',
  'PREPARE',
  'PURGE',
  'REPAIR',
  'RESET',
  'RESIGNAL',
  'RESTART',
  'REVOKE',
  'SHUTDOWN',
  'SIGNAL',
  'STOP',
  'TABLE',
  'UNINSTALL',
  'UNLOCK',
  'VALUES',
  'XA',
]

/** Parses a text of one or, if `several`, more statements. Empty texts are MySQL's 1065 to the caller. */
export function parseStatements(text: string, several: boolean): readonly ParsedStatement[] {
  const cursor = new TokenCursor(text)
  const statements: ParsedStatement[] = []
  for (;;) {
    while (statements.length > 0 && cursor.takeOperator(';'));
    if (cursor.isEnd()) return statements
    if (statements.length > 0 && !several) throw cursor.syntaxError()
    const before = cursor.parameterCount
    const statement = parseStatement(cursor)
    statements.push({ statement, parameterCount: cursor.parameterCount - before })
    if (!cursor.isEnd() && !cursor.isOperator(';')) throw cursor.syntaxError()
  }
}

function parseStatement(cursor: TokenCursor): Statement {
  if (startsQuery(cursor)) {
    const query = parseQuery(cursor)
    if (cursor.isWord('UPDATE', 'DELETE') && query.with) throw unsupported('WITH before a write')
    return { kind: 'query', query }
  }
  const word = cursor.token.kind === 'word' ? cursor.token.text : ''
  if (FOREIGN_STATEMENTS.includes(word)) throw unsupported(word)
  switch (word) {
    case 'INSERT':
    case 'REPLACE':
      cursor.next()
      return parseInsert(cursor, word === 'REPLACE')
    case 'UPDATE':
      cursor.next()
      return parseUpdate(cursor)
    case 'DELETE':
      cursor.next()
      return parseDelete(cursor)
    case 'CREATE':
      cursor.next()
      return parseCreate(cursor)
    case 'DROP':
      cursor.next()
      return parseDrop(cursor)
    case 'ALTER':
      cursor.next()
      return parseAlter(cursor)
    case 'TRUNCATE':
      cursor.next()
      cursor.takeWords('TABLE')
      return { kind: 'truncate', table: parseTableName(cursor) }
    case 'RENAME': {
      cursor.next()
      cursor.expectWords('TABLE')
      const from = parseTableName(cursor)
      cursor.expectWords('TO')
      return { kind: 'renameTable', from, to: parseTableName(cursor) }
    }
    case 'SET':
      cursor.next()
      return parseSet(cursor)
    case 'SHOW':
      cursor.next()
      return parseShow(cursor)
    case 'DESC':
    case 'DESCRIBE':
      return parseDescribe(cursor)
    case 'USE':
      cursor.next()
      return { kind: 'use', database: cursor.name() }
    case 'DO':
      cursor.next()
      return { kind: 'do', expressions: cursor.list(() => parseExpression(cursor)) }
    case 'KILL': {
      cursor.next()
      const target = cursor.takeAny('CONNECTION', 'QUERY') === 'QUERY' ? 'query' : 'connection'
      return { kind: 'kill', target, id: parseExpression(cursor) }
    }
    default:
      return parseTransactional(cursor, word)
  }
}

function parseDescribe(cursor: TokenCursor): Statement {
  cursor.next()
  if (!cursor.isName()) throw unsupported('EXPLAIN')
  return { kind: 'describe', table: parseTableName(cursor) }
}

function parseTransactional(cursor: TokenCursor, word: string): Statement {
  switch (word) {
    case 'BEGIN':
      cursor.next()
      cursor.takeWords('WORK')
      return { kind: 'begin', access: undefined, consistentSnapshot: false }
    case 'START':
      cursor.next()
      cursor.refuse('REPLICA', 'SLAVE', 'GROUP_REPLICATION')
      cursor.expectWords('TRANSACTION')
      return parseStartTransaction(cursor)
    case 'COMMIT':
      cursor.next()
      return { kind: 'commit', chain: parseCompletion(cursor) }
    case 'ROLLBACK': {
      cursor.next()
      cursor.takeWords('WORK')
      if (!cursor.takeWords('TO')) return { kind: 'rollback', chain: parseCompletion(cursor) }
      cursor.takeWords('SAVEPOINT')
      return { kind: 'rollbackTo', name: cursor.name() }
    }
    case 'SAVEPOINT':
      cursor.next()
      return { kind: 'savepoint', name: cursor.name() }
    case 'RELEASE':
      cursor.next()
      cursor.expectWords('SAVEPOINT')
      return { kind: 'releaseSavepoint', name: cursor.name() }
    default:
      throw cursor.syntaxError()
  }
}
