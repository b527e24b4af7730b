/** A token of an SQL text, as far as finding Aurora's names needs it. */
export interface Token {
  readonly kind: 'word' | 'variable' | 'string' | 'symbol'
  /** Lower case; without the quotes when it was quoted. */
  readonly text: string
  readonly start: number
  readonly end: number
}

const wordStart = /[A-Za-z_$\u0080-\uffff]/
const wordPart = /[A-Za-z0-9_$\u0080-\uffff]/
const variablePart = /[A-Za-z0-9_$.`\u0080-\uffff]/

/**
 * Cuts an SQL text into tokens; comments and white space are left out, executable comments are read as
 * code. An unterminated literal runs to the end of the text.
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < sql.length) {
    const char = sql.charAt(at)
    const skipped = skipComment(sql, at)
    if (skipped > at) {
      at = skipped
    } else if (/\s/.test(char)) {
      at += 1
    } else if (char === "'" || char === '"') {
      const end = quotedEnd(sql, at, true)
      tokens.push({ kind: 'string', text: unquote(sql, at, end), start: at, end })
      at = end
    } else if (char === '`') {
      const end = quotedEnd(sql, at, false)
      tokens.push({ kind: 'word', text: unquote(sql, at, end), start: at, end })
      at = end
    } else if (char === '@' && sql.charAt(at + 1) === '@') {
      const end = runEnd(sql, at + 2, variablePart)
      const text = sql
        .slice(at + 2, end)
        .replaceAll('`', '')
        .toLowerCase()
      tokens.push({ kind: 'variable', text, start: at, end })
      at = end
    } else if (wordStart.test(char)) {
      const end = runEnd(sql, at + 1, wordPart)
      tokens.push({ kind: 'word', text: sql.slice(at, end).toLowerCase(), start: at, end })
      at = end
    } else {
      tokens.push({ kind: 'symbol', text: char, start: at, end: at + 1 })
      at += 1
    }
  }
  return tokens
}

function skipComment(sql: string, at: number): number {
  const two = sql.slice(at, at + 2)
  if (two === '/*') {
    if (sql.charAt(at + 2) === '!') return runEnd(sql, at + 3, /[0-9]/)
    const end = sql.indexOf('*/', at + 2)
    return end < 0 ? sql.length : end + 2
  }
  if (two === '*/') return at + 2
  const isDashes = two === '--' && (at + 2 >= sql.length || /\s/.test(sql.charAt(at + 2)))
  if (!isDashes && sql.charAt(at) !== '#') return at
  const end = sql.indexOf('\n', at)
  return end < 0 ? sql.length : end + 1
}

function quotedEnd(sql: string, start: number, hasEscapes: boolean): number {
  const quote = sql.charAt(start)
  for (let at = start + 1; at < sql.length; at += 1) {
    const char = sql.charAt(at)
    if (char === '\\' && hasEscapes) at += 1
    else if (char === quote) {
      if (sql.charAt(at + 1) !== quote) return at + 1
      at += 1
    }
  }
  return sql.length
}

function unquote(sql: string, start: number, end: number): string {
  const quote = sql.charAt(start)
  return sql
    .slice(start + 1, end - 1)
    .replaceAll(quote + quote, quote)
    .toLowerCase()
}

function runEnd(sql: string, start: number, part: RegExp): number {
  let at = start
  while (at < sql.length && part.test(sql.charAt(at))) at += 1
  return at
}
