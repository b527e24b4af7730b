import { Begins, begins, characterAt, isDigit, nameCharacter } from './sql-characters.js'
import { endOfFraction, endOfInteger } from './sql-number.js'
import { findWord, foldIntoHash, type SqlWord } from './sql-words.js'

/**
 * What a token is. `name`: an identifier in back-ticks. `double-quoted`: a string, or an identifier
 * under ANSI_QUOTES. `bad`: the text cannot be read on with certainty.
 */
export type TokenKind =
  | 'word'
  | 'name'
  | 'string'
  | 'double-quoted'
  | 'number'
  | 'placeholder'
  | 'variable'
  | 'system-variable'
  | 'assign'
  | 'punctuation'
  | 'end'
  | 'bad'

/** How a text is read; what a session's sql_mode makes of it is not visible in the text. */
export interface SqlReading {
  /** A backslash escapes in single quotes: not under NO_BACKSLASH_ESCAPES. */
  readonly escapesInSingle: boolean
  /** And in double quotes: neither under NO_BACKSLASH_ESCAPES nor under ANSI_QUOTES. */
  readonly escapesInDouble: boolean
  /** What stands in an executable comment is code; a server too old for it skips it. */
  readonly runsExecutable: boolean
}

/** The reading of a server with the default sql_mode. */
export const USUAL_READING: SqlReading = {
  escapesInSingle: true,
  escapesInDouble: true,
  runsExecutable: true,
}

const SPACE = 32
const DOUBLE_QUOTE = 34
const STAR = 42
const SINGLE_QUOTE = 39
const MINUS = 45
const DOT = 46
const SLASH = 47
const EQUALS = 61
const AT = 64
const BACKSLASH = 92
const BACK_TICK = 96
const DELETE = 127

const KIND_OF_QUOTE: Readonly<Record<number, TokenKind>> = {
  [SINGLE_QUOTE]: 'string',
  [DOUBLE_QUOTE]: 'double-quoted',
  [BACK_TICK]: 'name',
}

/**
 * Reads a text token by token, each character at most twice. Comments and white space are passed
 * over. Where servers, versions or modes disagree about where something ends, the token is `bad`,
 * or the finding is kept for a second reading (`hasEscapedQuote…`, `hasExecutableComment`).
 */
export class SqlLexer {
  readonly text: string
  kind: TokenKind = 'end'
  /** The word, of a `word`, if it is known; likewise the last name of a `system-variable`. Of other kinds it says nothing. */
  word: SqlWord | undefined
  /** The character, of `punctuation`. */
  character = 0
  start = 0
  end = 0
  /** The `number` is none, though it begins with a digit, as in `2fa`. */
  isDoubtful = false
  /** What stands before the name of a `system-variable`. */
  scope: SqlWord | undefined
  /** A backslash stood before the closing kind of quote: other modes see another end. */
  hasEscapedSingleQuote = false
  hasEscapedDoubleQuote = false
  hasExecutableComment = false

  readonly #reading: SqlReading
  /** Where the executable comment ends in which we are; -1: we are in none. */
  #executableEnd = -1

  constructor(text: string, reading: SqlReading) {
    this.text = text
    this.#reading = reading
  }

  /** Reads the next token; after `end` or `bad` there is none. */
  next(): TokenKind {
    this.kind = this.#read()
    return this.kind
  }

  /** The word that an identifier between these places spells, if it is a known one. */
  findName(start: number, end: number): SqlWord | undefined {
    let hash = 0
    let bits = 0
    for (let index = start; index < end; index++) {
      const character = nameCharacter(this.text.charCodeAt(index))
      hash = foldIntoHash(hash, character)
      bits |= character
    }
    return bits > 63 ? undefined : findWord(this.text, start, end, hash)
  }

  #read(): TokenKind {
    const { text } = this
    for (;;) {
      let index = this.end
      let character = characterAt(text, index)
      let begun = begins(character)
      while (begun === Begins.WHITE_SPACE) {
        index += 1
        character = characterAt(text, index)
        begun = begins(character)
      }
      this.start = index
      this.end = index
      switch (begun) {
        case Begins.NAME:
          this.word = this.#readWord(character)
          return 'word'
        case Begins.PUNCTUATION:
          return this.#readPunctuation(character)
        case Begins.NUMBER:
          return this.#readNumber()
        case Begins.QUOTED:
          if (!this.#readQuoted(character)) {
            return 'bad'
          }
          return KIND_OF_QUOTE[character] ?? 'bad'
        case Begins.VARIABLE:
          return this.#readVariable()
        case Begins.COMMENT:
          switch (this.#skipComment(character)) {
            case 'skipped':
              continue
            case 'none':
              return this.#readPunctuation(character)
            default:
              return 'bad'
          }
        case Begins.ASSIGNMENT:
          return this.#readColon(character)
        case Begins.NOTHING:
          return 'bad'
        default:
          return 'end'
      }
    }
  }

  #readPunctuation(character: number): TokenKind {
    this.character = character
    this.end += 1
    return 'punctuation'
  }

  #readColon(character: number): TokenKind {
    this.end += 1
    const following = this.text.charCodeAt(this.end)
    if (following === EQUALS) {
      this.end += 1
      return 'assign'
    }
    if (nameCharacter(following) !== 0) {
      this.#readWord()
      return 'placeholder'
    }
    this.character = character
    return 'punctuation'
  }

  /** Passes over a comment that may begin here, or the end of an executable one. */
  #skipComment(character: number): 'skipped' | 'none' | 'uncertain' {
    let isCertain: boolean
    if (character === STAR) {
      if (this.end !== this.#executableEnd) {
        return 'none'
      }
      this.end += 2
      this.#executableEnd = -1
      return 'skipped'
    }
    if (character === SLASH) {
      if (this.text.charCodeAt(this.end + 1) !== STAR) {
        return 'none'
      }
      isCertain = this.#skipBlockComment()
    } else {
      if (character === MINUS && !this.#isDashComment()) {
        return 'none'
      }
      isCertain = this.#skipLineComment()
    }
    return isCertain ? 'skipped' : 'uncertain'
  }

  /** Two dashes begin a comment only before white space, a control character or the end. */
  #isDashComment(): boolean {
    if (this.text.charCodeAt(this.end + 1) !== MINUS) {
      return false
    }
    const following = this.text.charCodeAt(this.end + 2)
    return !(following > SPACE && following < DELETE)
  }

  #skipLineComment(): boolean {
    const { text } = this
    const isDash = text.charCodeAt(this.end) === MINUS
    const following = text.charCodeAt(this.end + 2)
    if (this.#executableEnd !== -1 || (isDash && following > DELETE)) {
      return false
    }
    for (let index = this.end; index < text.length; index++) {
      const character = text.charCodeAt(index)
      if (character === 10) {
        this.end = index + 1
        return true
      }
      // The server ends the comment there.
      if (character === 0) {
        return false
      }
    }
    this.end = text.length
    return true
  }

  #skipBlockComment(): boolean {
    const { text } = this
    const close = text.indexOf('*/', this.end + 2)
    if (close === -1 || this.#executableEnd !== -1) {
      return false
    }
    const kind = text.charAt(this.end + 2)
    const isMariaDb = kind === 'M' && text.charAt(this.end + 3) === '!'
    if (kind === '!' || isMariaDb) {
      this.hasExecutableComment = true
      if (!this.#reading.runsExecutable) {
        this.end = close + 2
        return true
      }
      this.end += isMariaDb ? 4 : 3
      this.#executableEnd = close
      return this.#skipVersion()
    }
    if (kind === '+' && !hasClosedQuotes(text, this.end, close)) {
      return false
    }
    this.end = close + 2
    return true
  }

  /** The version in front of executable code has five or six digits. */
  #skipVersion(): boolean {
    const from = this.end
    while (isDigit(this.text.charCodeAt(this.end))) {
      this.end += 1
    }
    const count = this.end - from
    return count === 0 || count === 5 || count === 6
  }

  #readWord(character = this.text.charCodeAt(this.end)): SqlWord | undefined {
    const { text } = this
    const from = this.end
    const first = nameCharacter(character)
    if (first === 0) {
      return undefined
    }
    let hash = first
    let bits = first
    let index = from + 1
    for (; index < text.length; index++) {
      const character = nameCharacter(text.charCodeAt(index))
      if (character === 0) {
        break
      }
      hash = foldIntoHash(hash, character)
      bits |= character
    }
    this.end = index
    // No known word has a character beyond.
    return bits > 63 ? undefined : findWord(text, from, index, hash)
  }

  #readNumber(): TokenKind {
    const integerEnd = endOfInteger(this.text, this.start)
    this.end = endOfFraction(this.text, integerEnd)
    // `2fa` is a name to the server, while a keyword may follow `1.5` without a space.
    this.isDoubtful =
      this.end === integerEnd && nameCharacter(this.text.charCodeAt(integerEnd)) !== 0
    if (this.isDoubtful) {
      this.#readWord()
    }
    return 'number'
  }

  /** Passes over something quoted, from its opening quote; false: it never closes. */
  #readQuoted(quote: number): boolean {
    const { text } = this
    const escapes =
      (quote === SINGLE_QUOTE && this.#reading.escapesInSingle) ||
      (quote === DOUBLE_QUOTE && this.#reading.escapesInDouble)
    for (let index = this.end + 1; index < text.length; index++) {
      const character = text.charCodeAt(index)
      if (character === BACKSLASH && escapes) {
        index += 1
        if (text.charCodeAt(index) === quote) {
          this.hasEscapedSingleQuote ||= quote === SINGLE_QUOTE
          this.hasEscapedDoubleQuote ||= quote === DOUBLE_QUOTE
        }
      } else if (character === quote) {
        if (text.charCodeAt(index + 1) !== quote) {
          this.end = index + 1
          return true
        }
        index += 1
      }
    }
    return false
  }

  #readVariable(): TokenKind {
    const { text } = this
    this.end += 1
    if (text.charCodeAt(this.end) === AT) {
      this.end += 1
      this.scope = undefined
      this.word = this.#readVariableName()
      if (text.charCodeAt(this.end) === DOT) {
        this.end += 1
        this.scope = this.word
        this.word = this.#readVariableName()
      }
      return 'system-variable'
    }
    const character = text.charCodeAt(this.end)
    if (character === SINGLE_QUOTE || character === DOUBLE_QUOTE || character === BACK_TICK) {
      return this.#readQuoted(character) ? 'variable' : 'bad'
    }
    while (nameCharacter(text.charCodeAt(this.end)) !== 0 || text.charCodeAt(this.end) === DOT) {
      this.end += 1
    }
    return 'variable'
  }

  #readVariableName(): SqlWord | undefined {
    const from = this.end
    if (this.text.charCodeAt(from) !== BACK_TICK) {
      return this.#readWord()
    }
    return this.#readQuoted(BACK_TICK) ? this.findName(from + 1, this.end - 1) : undefined
  }
}

/** Whether every quote opened in this stretch closes in it: a hint may quote the end of comment. */
function hasClosedQuotes(text: string, from: number, to: number): boolean {
  let open = 0
  for (let index = from; index < to; index++) {
    const character = text.charCodeAt(index)
    if (open === 0) {
      const isQuote =
        character === SINGLE_QUOTE || character === DOUBLE_QUOTE || character === BACK_TICK
      open = isQuote ? character : 0
    } else if (character === open) {
      open = 0
    }
  }
  return open === 0
}
