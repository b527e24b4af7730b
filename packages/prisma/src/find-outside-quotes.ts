const QUOTE_OR_COMMENT = /['"`#]|--(?=[\s\0]|$)|\/\*(?!M?!)/g

/**
 * Where a character stands in a text of SQL, except inside strings, quoted identifiers and comments. An executable comment, which
 * begins with an exclamation mark, counts as what it is, code.
 */
export function findOutsideQuotes(sql: string, character: '?' | ';'): readonly number[] {
  const found: number[] = []
  const opening = new RegExp(QUOTE_OR_COMMENT)
  let at = 0
  while (at < sql.length) {
    opening.lastIndex = at
    const open = opening.exec(sql)
    const codeEnd = open?.index ?? sql.length
    for (let hit = sql.indexOf(character, at); hit >= 0 && hit < codeEnd; ) {
      found.push(hit)
      hit = sql.indexOf(character, hit + 1)
    }
    if (open === null) break
    at = endOf(open[0], sql, codeEnd)
  }
  return found
}

/** Where the string, the identifier or the comment that begins at `start` is over. */
function endOf(opening: string, sql: string, start: number): number {
  if (opening === '/*') return after(sql.indexOf('*/', start + 2), 2, sql)
  if (opening === '#' || opening === '--') return after(sql.indexOf('\n', start), 1, sql)
  for (let at = start + 1; at < sql.length; at += 1) {
    if (sql[at] === '\\' && opening !== '`') at += 1
    // A doubled quote is an end and a beginning.
    else if (sql[at] === opening) return at + 1
  }
  return sql.length
}

function after(index: number, length: number, sql: string): number {
  return index < 0 ? sql.length : index + length
}
