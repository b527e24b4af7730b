import { unsupported } from '../sql-error.js'
import type { Expression, IsolationLevel, Statement, VariableAssignment } from './ast.js'
import { parseExpression } from './parse-expression.js'
import type { TokenCursor } from './token-cursor.js'

/** SET, after its first word. */
export function parseSet(cursor: TokenCursor): Statement {
  const transaction = parseSetTransaction(cursor)
  if (transaction) return transaction
  if (cursor.takeWords('ROLE')) {
    return { kind: 'setRole', role: cursor.takeWords('NONE') ? undefined : nameOrString(cursor) }
  }
  return { kind: 'set', assignments: cursor.list(() => parseAssignment(cursor)) }
}

function parseSetTransaction(cursor: TokenCursor): Statement | undefined {
  const scope =
    cursor.isWord('GLOBAL', 'SESSION', 'LOCAL') && cursor.peek(1).text === 'TRANSACTION'
      ? cursor.next().text
      : undefined
  if (!cursor.takeWords('TRANSACTION')) return undefined
  if (scope === 'GLOBAL') throw unsupported('SET GLOBAL TRANSACTION')
  let isolation: IsolationLevel | undefined
  let access: 'READ ONLY' | 'READ WRITE' | undefined
  cursor.list(() => {
    if (cursor.takeWords('ISOLATION')) {
      cursor.expectWords('LEVEL')
      isolation = parseIsolation(cursor)
    } else access = parseAccess(cursor)
  })
  return { kind: 'setTransaction', scope: scope ? 'session' : 'next', isolation, access }
}

function parseIsolation(cursor: TokenCursor): IsolationLevel {
  if (cursor.takeWords('READ', 'UNCOMMITTED')) return 'READ UNCOMMITTED'
  if (cursor.takeWords('READ', 'COMMITTED')) return 'READ COMMITTED'
  if (cursor.takeWords('REPEATABLE', 'READ')) return 'REPEATABLE READ'
  if (cursor.takeWords('SERIALIZABLE')) return 'SERIALIZABLE'
  throw cursor.syntaxError()
}

function parseAccess(cursor: TokenCursor): 'READ ONLY' | 'READ WRITE' {
  if (cursor.takeWords('READ', 'ONLY')) return 'READ ONLY'
  if (cursor.takeWords('READ', 'WRITE')) return 'READ WRITE'
  throw cursor.syntaxError()
}

function parseAssignment(cursor: TokenCursor): VariableAssignment {
  if (cursor.takeWords('NAMES')) {
    const charset = nameOrString(cursor)
    if (cursor.takeWords('COLLATE')) nameOrString(cursor)
    return { kind: 'names', charset: charset.toLowerCase() }
  }
  if (cursor.takeWords('CHARACTER', 'SET') || cursor.takeWords('CHARSET')) {
    return { kind: 'names', charset: nameOrString(cursor).toLowerCase() }
  }
  cursor.refuse('PASSWORD', 'DEFAULT', 'RESOURCE')
  const token = cursor.token
  if (token.kind === 'userVariable') {
    cursor.next()
    expectAssignment(cursor)
    return { kind: 'user', name: token.text, value: parseExpression(cursor) }
  }
  if (token.kind === 'systemVariable') {
    cursor.next()
    expectAssignment(cursor)
    const isGlobal = token.text.startsWith('global.')
    const name = isGlobal ? token.text.slice('global.'.length) : token.text
    return {
      kind: 'system',
      scope: isGlobal ? 'global' : 'session',
      name,
      value: parseValue(cursor),
    }
  }
  cursor.refuse('PERSIST', 'PERSIST_ONLY')
  const scope = cursor.takeAny('GLOBAL', 'SESSION', 'LOCAL')
  const name = cursor.name().toLowerCase()
  expectAssignment(cursor)
  return {
    kind: 'system',
    scope: scope === 'GLOBAL' ? 'global' : 'session',
    name,
    value: parseValue(cursor),
  }
}

function expectAssignment(cursor: TokenCursor): void {
  if (!cursor.takeOperator(':=')) cursor.expectOperator('=')
}

function nameOrString(cursor: TokenCursor): string {
  return cursor.token.kind === 'string' ? cursor.string() : cursor.anyName()
}

/** The value of a variable: an expression, or a bare word such as ON or utf8mb4. */
function parseValue(cursor: TokenCursor): Expression | 'DEFAULT' {
  if (cursor.takeWords('DEFAULT')) return 'DEFAULT'
  const { kind } = cursor.token
  const following = cursor.peek(1)
  const ends = following.kind === 'end' || following.text === ',' || following.text === ';'
  if (kind === 'word' && ends && !cursor.isWord('NULL', 'TRUE', 'FALSE')) {
    return { kind: 'string', value: cursor.next().raw }
  }
  return parseExpression(cursor)
}

/** START TRANSACTION, after both words. */
export function parseStartTransaction(cursor: TokenCursor): Statement {
  let access: 'READ ONLY' | 'READ WRITE' | undefined
  let consistentSnapshot = false
  const characteristic = (): void => {
    if (cursor.takeWords('WITH')) {
      cursor.expectWords('CONSISTENT', 'SNAPSHOT')
      consistentSnapshot = true
    } else access = parseAccess(cursor)
  }
  if (cursor.isWord('WITH', 'READ')) cursor.list(characteristic)
  return { kind: 'begin', access, consistentSnapshot }
}

/** What may follow COMMIT and ROLLBACK; true for AND CHAIN. */
export function parseCompletion(cursor: TokenCursor): boolean {
  cursor.takeWords('WORK')
  if (cursor.takeWords('AND', 'NO', 'CHAIN')) return false
  const chain = cursor.takeWords('AND', 'CHAIN')
  if (cursor.takeWords('NO', 'RELEASE')) return chain
  if (cursor.isWord('RELEASE')) throw unsupported('RELEASE after a transaction')
  return chain
}

/** SHOW, after its first word. */
export function parseShow(cursor: TokenCursor): Statement {
  const full = cursor.takeWords('FULL')
  const scoped = cursor.takeAny('GLOBAL', 'SESSION', 'LOCAL')
  const word = cursor.takeAny('VARIABLES', 'TABLES', 'DATABASES', 'SCHEMAS', 'WARNINGS', 'ERRORS')
  if (!word || (full && word === 'TABLES'))
    throw unsupported(`SHOW ${full ? 'FULL ' : ''}${cursor.token.text}`)
  if (scoped && word !== 'VARIABLES') throw cursor.syntaxError()
  const like = cursor.takeWords('LIKE') ? cursor.string() : undefined
  if (cursor.isWord('WHERE', 'FROM', 'IN', 'LIMIT'))
    throw unsupported(`SHOW … ${cursor.token.text}`)
  const what = word === 'SCHEMAS' ? 'databases' : (word.toLowerCase() as Lowercase<typeof word>)
  return { kind: 'show', what: what as Extract<Statement, { kind: 'show' }>['what'], like }
}
