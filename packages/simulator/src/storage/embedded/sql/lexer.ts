import { syntaxError, unsupported } from '../sql-error.js'

/** What a token is. `word` may be a keyword or a name; `name` was in back-quotes. */
export type TokenKind =
  | 'word'
  | 'name'
  | 'string'
  | 'number'
  | 'bytes'
  | 'operator'
  | 'parameter'
  | 'userVariable'
  | 'systemVariable'
  | 'end'

export interface Token {
  readonly kind: TokenKind
  /** A word in upper case; a string, a name or a variable unquoted; else as written. */
  readonly text: string
  /** As written, for words. */
  readonly raw: string
  readonly start: number
  readonly end: number
}

const WORD_START = /[A-Za-z_$\u0080-\uffff]/
const WORD = /[\w$\u0080-\uffff]*/y
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const HEX_NUMBER = /0x([0-9a-fA-F]+)(?![\w$])/y
const HEX_STRING = /[xX]'([0-9a-fA-F]*)'/y
const SYSTEM_VARIABLE = /@@(?:(global|session|local)\s*\.\s*)?`?([\w$]+)`?/iy
const USER_VARIABLE = /@([\w$.]+)/y
const OPERATOR = /<=>|->>|->|:=|<<|>>|<=|>=|<>|!=|&&|\|\||[-+*/%=<>!~^&|(),.;@{}:[\]]/y
/** Executable comments name the lowest version that runs them; this is the one announced. */
const ANNOUNCED_VERSION = 80039

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\x1a',
}

/** Splits a text into tokens; the last one is `end`. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  let openComment = false
  const add = (kind: TokenKind, value: string, end: number): void => {
    tokens.push({ kind, text: value, raw: text.slice(at, end), start: at, end })
    at = end
  }
  while (at < text.length) {
    const char = text[at] as string
    if (/\s/.test(char)) {
      at++
    } else if (char === '#' || (char === '-' && /^--(?:\s|$)/.test(text.slice(at, at + 3)))) {
      const newline = text.indexOf('\n', at)
      at = newline < 0 ? text.length : newline + 1
    } else if (char === '/' && text[at + 1] === '*') {
      const executable = /^\/\*!(\d{5,6})?/.exec(text.slice(at, at + 9))
      if (executable && Number(executable[1] ?? 0) <= ANNOUNCED_VERSION) {
        at += executable[0].length
        openComment = true
      } else {
        const end = text.indexOf('*/', at + 2)
        if (end < 0) throw syntaxError(text, at)
        at = end + 2
      }
    } else if (openComment && char === '*' && text[at + 1] === '/') {
      openComment = false
      at += 2
    } else if (char === "'" || char === '"') {
      const { value, end } = quoted(text, at, true)
      add('string', value, end)
    } else if (char === '`') {
      const { value, end } = quoted(text, at, false)
      add('name', value, end)
    } else if (
      /\d/.test(char) ||
      (char === '.' && /\d/.test(text[at + 1] ?? '') && !follows(tokens))
    ) {
      number()
    } else if (char === '?') {
      add('parameter', '?', at + 1)
    } else if (char === '@') {
      variable()
    } else if (WORD_START.test(char)) {
      word()
    } else {
      OPERATOR.lastIndex = at
      const match = OPERATOR.exec(text)
      if (!match) throw syntaxError(text, at)
      add('operator', match[0], OPERATOR.lastIndex)
    }
  }
  if (openComment) throw syntaxError(text, text.length)
  tokens.push({ kind: 'end', text: '', raw: '', start: text.length, end: text.length })
  return tokens

  function number(): void {
    HEX_NUMBER.lastIndex = at
    const hex = HEX_NUMBER.exec(text)
    if (hex) return add('bytes', evenDigits(hex[1] as string), at + hex[0].length)
    NUMBER.lastIndex = at
    const match = NUMBER.exec(text) as RegExpExecArray
    const end = at + match[0].length
    // `1st` is a name in MySQL; `t.1` and the like are too rare to be worth telling apart.
    if (WORD_START.test(text[end] ?? '')) throw syntaxError(text, at)
    add('number', match[0], end)
  }

  function word(): void {
    if (text[at + 1] === "'") {
      HEX_STRING.lastIndex = at
      const hex = HEX_STRING.exec(text)
      if (hex) {
        if ((hex[1] as string).length % 2) throw syntaxError(text, at)
        return add('bytes', hex[1] as string, at + hex[0].length)
      }
      if (/[bBnN]/.test(text[at] as string)) throw unsupported(`${text[at]}'…' literals`)
    }
    WORD.lastIndex = at
    const match = WORD.exec(text) as RegExpExecArray
    add('word', match[0].toUpperCase(), at + match[0].length)
  }

  function variable(): void {
    if (text[at + 1] === '@') {
      SYSTEM_VARIABLE.lastIndex = at
      const match = SYSTEM_VARIABLE.exec(text)
      if (!match) throw syntaxError(text, at)
      const scope = match[1]?.toLowerCase() === 'global' ? 'global.' : ''
      return add('systemVariable', scope + (match[2] as string).toLowerCase(), at + match[0].length)
    }
    const next = text[at + 1] ?? ''
    if (next === '`' || next === "'" || next === '"') {
      const { value, end } = quoted(text, at + 1, next !== '`')
      return add('userVariable', value.toLowerCase(), end)
    }
    USER_VARIABLE.lastIndex = at
    const match = USER_VARIABLE.exec(text)
    if (!match) throw syntaxError(text, at)
    add('userVariable', (match[1] as string).toLowerCase(), at + match[0].length)
  }
}

function evenDigits(digits: string): string {
  return digits.length % 2 ? `0${digits}` : digits
}

/** After a name, a dot with a digit is a qualified name, not a number. */
function follows(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1)
  return last?.kind === 'word' || last?.kind === 'name'
}

function quoted(text: string, start: number, escapes: boolean): { value: string; end: number } {
  const quote = text[start] as string
  let value = ''
  let from = start + 1
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === quote) {
      value += text.slice(from, at)
      if (text[at + 1] !== quote) return { value, end: at + 1 }
      value += quote
      at++
      from = at + 1
    } else if (char === '\\' && escapes) {
      const next = text[at + 1] ?? ''
      // MySQL keeps the backslash before the two wildcards of LIKE.
      const plain = next === '%' || next === '_' ? `\\${next}` : (ESCAPES[next] ?? next)
      value += text.slice(from, at) + plain
      at++
      from = at + 1
    }
  }
  throw syntaxError(text, start)
}
