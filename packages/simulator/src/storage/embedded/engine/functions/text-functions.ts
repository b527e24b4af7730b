import { createHash, randomUUID } from 'node:crypto'
import { unsupported } from '../../sql-error.js'
import { compareInsensitive, foldForComparison } from '../collation.js'
import type { FunctionTable } from './function-table.js'

const patterns = new Map<string, RegExp>()
/** How many patterns of LIKE are kept compiled. */
const PATTERN_LIMIT = 200

function like(text: string, pattern: string, escapeChar: string, exact: bigint): bigint {
  const key = `${exact}${escapeChar}${pattern}`
  let expression = patterns.get(key)
  if (!expression) {
    if (patterns.size >= PATTERN_LIMIT) patterns.clear()
    expression = likeExpression(exact ? pattern : foldForComparison(pattern), escapeChar)
    patterns.set(key, expression)
  }
  return expression.test(exact ? text : foldForComparison(text)) ? 1n : 0n
}

function likeExpression(pattern: string, escapeChar: string): RegExp {
  let source = ''
  const chars = [...pattern]
  for (let index = 0; index < chars.length; index++) {
    const char = chars[index] as string
    if (char === escapeChar && index + 1 < chars.length) source += literal(chars[++index] as string)
    else source += char === '%' ? '[^]*' : char === '_' ? '[^]' : literal(char)
  }
  return new RegExp(`^${source}$`, 'u')
}

function literal(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
}

function trim(text: string, what: string, side: string): string {
  let result = text
  if (what === '') return text
  while (side !== 'TRAILING' && result.startsWith(what)) result = result.slice(what.length)
  while (side !== 'LEADING' && result.endsWith(what)) result = result.slice(0, -what.length)
  return result
}

/** Positions count from 1; negative ones from the end. */
function substring(text: string, position: bigint, count?: bigint): string {
  const chars = [...text]
  const at = Number(position)
  const start = at > 0 ? at - 1 : at < 0 ? chars.length + at : -1
  if (start < 0 || (count !== undefined && count <= 0n)) return ''
  return chars.slice(start, count === undefined ? undefined : start + Number(count)).join('')
}

function pad(text: string, length: bigint, filler: string, side: string): string | null {
  const chars = [...text]
  const wanted = Number(length)
  if (wanted < 0) return null
  if (chars.length >= wanted) return chars.slice(0, wanted).join('')
  const fill = [...filler]
  if (fill.length === 0) return ''
  const missing = Array.from(
    { length: wanted - chars.length },
    (_, index) => fill[index % fill.length],
  )
  return side === 'left' ? missing.join('') + text : text + missing.join('')
}

/** Where a text is found, without regard to case; 0 if it is not. */
function locate(what: string, text: string, from: bigint): bigint {
  if (from < 1n) return 0n
  const chars = [...foldForComparison(text)]
  const start = Number(from) - 1
  if (start > chars.length) return 0n
  const at = chars.slice(start).join('').indexOf(foldForComparison(what))
  if (at < 0) return 0n
  return BigInt([...chars.slice(start).join('').slice(0, at)].length + start + 1)
}

/** Changes the case of each character alone: MySQL never makes two of one. */
function mapChars(text: string, change: (char: string) => string): string {
  const changed = change(text)
  if (changed.length === text.length) return changed
  return [...text]
    .map((char) => (change(char).length === char.length ? change(char) : char))
    .join('')
}

/** The most that REPEAT and SPACE give. */
const LONGEST_TEXT = 1_000_000

/** Functions of strings. */
export const TEXT_FUNCTIONS: FunctionTable = {
  m_like: like,
  m_trim: trim,
  m_upper: (text: string) => mapChars(text, (char) => char.toUpperCase()),
  m_lower: (text: string) => mapChars(text, (char) => char.toLowerCase()),
  m_reverse: (text: string) => [...text].reverse().join(''),
  m_replace: (text: string, from: string, to: string) =>
    from === '' ? text : text.split(from).join(to),
  m_locate: locate,
  m_substring: substring,
  m_right: (text: string, count: bigint) =>
    count <= 0n ? '' : [...text].slice(-Number(count)).join(''),
  m_repeat: (text: string, count: bigint) => {
    if (count <= 0n) return ''
    if (Number(count) * text.length > LONGEST_TEXT)
      throw unsupported('texts of more than a million characters')
    return text.repeat(Number(count))
  },
  m_pad: pad,
  m_strcmp: (a: string, b: string) => BigInt(Math.sign(compareInsensitive(a, b))),
  m_digest: (text: string, algorithm: string) => createHash(algorithm).update(text).digest('hex'),
  m_uuid: () => randomUUID(),
  m_utf8: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
}

/** Does a text match a pattern of LIKE, without regard to case? */
export function matchesLike(text: string, pattern: string): boolean {
  return like(text, pattern, '\\', 0n) === 1n
}
