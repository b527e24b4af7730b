import type { StatementHint } from './sql-class.js'

/** What a hint comment says: a hint, or what is wrong with it. */
export interface ParsedHint {
  readonly hint: StatementHint | undefined
  readonly hintError: string | undefined
}

const EXPECTED =
  'expected aurora:reader, aurora:writer or aurora:idempotent, or two joined by a comma'
const LEADING = /\s*(?:\/\*(?![!+]|M!)([\s\S]*?)\*\/|(?:--(?=[\s\0]|$)|#)([^\n]*)(?:\n|$))/y
const NAME = 'aurora:'

/**
 * Reads a hint such as `aurora:writer` or `aurora:reader,idempotent` from the comments that stand
 * before the statement, all of them together; comments elsewhere, and anything inside literals, say nothing.
 */
export function parseSqlHint(text: string): ParsedHint | undefined {
  // Nearly every text begins with a letter.
  if (text.charCodeAt(0) > 64) {
    return undefined
  }
  let items: string | undefined
  LEADING.lastIndex = 0
  for (let comment = LEADING.exec(text); comment !== null; comment = LEADING.exec(text)) {
    const said = (comment[1] ?? comment[2] ?? '').trim()
    if (said.slice(0, NAME.length).toLowerCase() === NAME) {
      const list = said.slice(NAME.length)
      items = items === undefined ? list : `${items},${list}`
    }
  }
  return items === undefined ? undefined : parseItems(items)
}

function parseItems(list: string): ParsedHint {
  let role: StatementHint['role']
  let isIdempotent = false
  for (const item of list.split(',')) {
    const name = item
      .trim()
      .toLowerCase()
      .replace(/^aurora:/, '')
    if (name === 'idempotent') {
      isIdempotent = true
    } else if ((name === 'reader' || name === 'writer') && (role ?? name) === name) {
      role = name
    } else {
      return { hint: undefined, hintError: describe(name, role) }
    }
  }
  return { hint: Object.freeze({ role, isIdempotent }), hintError: undefined }
}

/** Repeats only what looks like a name: a comment may carry values. */
function describe(name: string, role: StatementHint['role']): string {
  const written = /^[a-z-]{1,20}$/.test(name) ? `aurora:${name}` : 'An aurora: comment'
  return role === undefined
    ? `${written} names no role; ${EXPECTED}`
    : `${written} after aurora:${role}; ${EXPECTED}`
}
