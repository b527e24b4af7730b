import { Found } from './sql-findings.js'
import { SqlLexer, type SqlReading, type TokenKind } from './sql-lexer.js'
import type { SqlWord } from './sql-words.js'

const { WRITE, SESSION, EFFECTS, PINS, VARIABLE, SYSTEM_VARIABLE, BAD } = Found

const OPEN = 40
const CLOSE = 41
const COMMA = 44
const DOT = 46
const SEMICOLON = 59
const QUESTION_MARK = 63

/** A token in one value: the word when it is a known one, the character of punctuation, the kind. */
type Token = SqlWord | number | TokenKind

/** What the next token has to be for a parenthesis to be no call of an unknown function. */
type Expectation =
  | 'nothing'
  /** `LAST_INSERT_ID(` */
  | 'no-argument'
  /** `ANY (` */
  | 'subquery'
  /** `WITH name (a, b) AS (`, told from a call by what follows. */
  | 'cte-column'
  | 'cte-comma'
  | 'cte-as'
  | 'cte-body'
  /** `FROM (…) name (a, b)` */
  | 'alias-column'
  | 'alias-comma'

/** Walks a text token by token and notes what each of them means in whatever statement. */
export class SqlScanner {
  findings = 0
  /** `:=` that follows the name in `SET name := …` assigns no user variable. */
  isAtSetTarget = false
  hasSemicolon = false

  readonly #lexer: SqlLexer
  #token: Token = 'end'
  #before: Token = 'end'
  #twoBefore: Token = 'end'
  #beforeStart = 0
  #beforeEnd = 0
  #expectation: Expectation = 'nothing'

  constructor(text: string, reading: SqlReading) {
    this.#lexer = new SqlLexer(text, reading)
  }

  get kind(): TokenKind {
    return this.#lexer.kind
  }

  /** See `SqlLexer`. */
  get word(): SqlWord | undefined {
    return this.#lexer.word
  }

  /** See `SqlLexer`. */
  get hasEscapedSingleQuote(): boolean {
    return this.#lexer.hasEscapedSingleQuote
  }

  get hasEscapedDoubleQuote(): boolean {
    return this.#lexer.hasEscapedDoubleQuote
  }

  get hasExecutableComment(): boolean {
    return this.#lexer.hasExecutableComment
  }

  /** The scope of the system variable at hand. */
  get scope(): SqlWord | undefined {
    return this.#lexer.scope
  }

  /** The token at hand as it is written. */
  get tokenText(): string {
    return this.#lexer.text.slice(this.#lexer.start, this.#lexer.end)
  }

  /** Neither the text nor the statement goes on. */
  get isAtEnd(): boolean {
    return this.kind === 'end' || this.kind === 'bad' || this.#token === SEMICOLON
  }

  /** Whether the token at hand is this character. */
  isCharacter(character: string): boolean {
    return this.#token === character.charCodeAt(0)
  }

  /** Whether the token at hand is this word, in upper case. */
  isWord(text: string): boolean {
    return this.kind === 'word' && this.word?.text === text
  }

  /** Goes on to the end of the statement. */
  drain(): void {
    while (!this.isAtEnd) {
      this.#read()
    }
  }

  /** Goes on to the next token, but not past the end of the statement. */
  advance(): void {
    if (!this.isAtEnd) {
      this.#read()
    }
  }

  /** Goes on to the first token of the text, or of the statement after the semicolon. */
  enterStatement(): void {
    this.#read()
  }

  #read(): void {
    const lexer = this.#lexer
    this.#twoBefore = this.#before
    this.#before = this.#token
    this.#beforeStart = lexer.start
    this.#beforeEnd = lexer.end
    const kind = lexer.next()
    this.#token = tokenOf(lexer)
    if (this.#expectation !== 'nothing') {
      this.#meetExpectation()
    }
    const before = this.#before
    if (typeof before === 'object' && before.isStatementOrFunction && this.#token !== OPEN) {
      this.findings |= WRITE | EFFECTS
    }
    switch (kind) {
      case 'word':
        if (lexer.word !== undefined) {
          this.findings |= lexer.word.findings
          if (lexer.word.isFollower) {
            this.#noteFollower(lexer.word.text)
          }
        }
        break
      case 'punctuation':
        this.#notePunctuation(lexer.character)
        break
      case 'number':
        this.findings |= lexer.isDoubtful ? WRITE | EFFECTS : 0
        break
      case 'variable':
        this.findings |= VARIABLE
        break
      case 'system-variable':
        this.#noteSystemVariable()
        break
      case 'assign':
        this.findings |= this.isAtSetTarget ? 0 : PINS | WRITE | EFFECTS
        break
      case 'bad':
        this.findings |= BAD
        break
      default:
        break
    }
  }

  /** `FOR SHARE` locks; `NEXT VALUE FOR` is MariaDB's way to take a number from a sequence. */
  #noteFollower(text: string): void {
    if (isWordToken(this.#before, text === 'SHARE' ? 'FOR' : 'VALUE')) {
      this.findings |= WRITE | EFFECTS
    }
  }

  #noteSystemVariable(): void {
    switch (this.word?.text) {
      case 'WARNING_COUNT':
      case 'ERROR_COUNT':
      case 'IDENTITY':
      case 'LAST_INSERT_ID':
      case 'PSEUDO_THREAD_ID':
        this.findings |= SESSION | EFFECTS
        break
      default:
        this.findings |= SYSTEM_VARIABLE
    }
  }

  #notePunctuation(character: number): void {
    switch (character) {
      case OPEN:
        this.#noteParenthesis()
        break
      case DOT:
        if (this.#isSystemSchemaBefore()) {
          this.findings |= WRITE
        }
        break
      case SEMICOLON:
        this.hasSemicolon = true
        break
      default:
        break
    }
  }

  #isSystemSchemaBefore(): boolean {
    const before = this.#before
    if (typeof before === 'object') {
      return before.isSystemSchema
    }
    return (
      (before === 'name' || before === 'double-quoted') &&
      this.#lexer.findName(this.#beforeStart + 1, this.#beforeEnd - 1)?.isSystemSchema === true
    )
  }

  /** What stands before a parenthesis may be a function. */
  #noteParenthesis(): void {
    const before = this.#before
    const isQualified = this.#twoBefore === DOT
    if (typeof before === 'object') {
      const isKnown =
        !isQualified &&
        (before.isEffectFree || before.mayPrecedeParenthesis || this.#noteSpecialCall(before.text))
      if (isKnown) {
        return
      }
    } else if (before !== 'word' && before !== 'name' && before !== 'double-quoted') {
      return
    }
    if (isQualified) {
      this.findings |= WRITE | EFFECTS
    } else if (isWordToken(this.#twoBefore, 'AS')) {
      // The name of a type, or an alias with names of columns: no call can follow AS.
    } else if (this.#twoBefore === CLOSE) {
      this.#expectation = 'alias-column'
    } else if (this.#mayNameCte()) {
      this.#expectation = 'cte-column'
    } else {
      this.findings |= WRITE | EFFECTS
    }
  }

  #mayNameCte(): boolean {
    return this.#twoBefore === COMMA || isEitherWord(this.#twoBefore, 'WITH', 'RECURSIVE')
  }

  /** Calls that mean something; false: this is none of them. */
  #noteSpecialCall(text: string): boolean {
    switch (text) {
      case 'GET_LOCK':
        this.findings |= PINS | WRITE | EFFECTS
        return true
      case 'FOUND_ROWS':
      case 'ROW_COUNT':
      case 'CONNECTION_ID':
        this.findings |= SESSION | EFFECTS
        return true
      case 'LAST_INSERT_ID':
        this.#expectation = 'no-argument'
        return true
      case 'ANY':
      case 'SOME':
        this.#expectation = 'subquery'
        return true
      case 'AGAINST':
        return this.#twoBefore === CLOSE
      case 'COLUMNS':
        // `JSON_TABLE(document, '$[*]' COLUMNS (…))`: no call can follow a value.
        return isValue(this.#twoBefore)
      default:
        return false
    }
  }

  #meetExpectation(): void {
    const expectation = this.#expectation
    this.#expectation = 'nothing'
    const isName = this.kind === 'word' || this.kind === 'name' || this.kind === 'double-quoted'
    switch (expectation) {
      case 'no-argument':
        this.findings |= this.#token === CLOSE ? SESSION | EFFECTS : WRITE | EFFECTS
        return
      case 'subquery': {
        const text = this.kind === 'word' ? this.word?.text : undefined
        if (text === 'SELECT' || text === 'WITH' || text === 'TABLE' || text === 'VALUES') {
          return
        }
        break
      }
      case 'cte-column':
      case 'alias-column':
        if (isName) {
          this.#expectation = expectation === 'cte-column' ? 'cte-comma' : 'alias-comma'
          return
        }
        break
      case 'cte-comma':
      case 'alias-comma':
        if (this.#token === COMMA) {
          this.#expectation = expectation === 'cte-comma' ? 'cte-column' : 'alias-column'
          return
        }
        if (this.#token === CLOSE) {
          this.#expectation = expectation === 'cte-comma' ? 'cte-as' : 'nothing'
          return
        }
        break
      case 'cte-as':
        if (this.isWord('AS')) {
          this.#expectation = 'cte-body'
          return
        }
        break
      case 'cte-body':
        if (this.#token === OPEN) {
          return
        }
        break
      case 'nothing':
        return
      default: {
        const unknown: never = expectation
        return unknown
      }
    }
    this.findings |= WRITE | EFFECTS
  }
}

function tokenOf({ kind, word, character }: SqlLexer): Token {
  return kind === 'word' ? (word ?? kind) : kind === 'punctuation' ? character : kind
}

function isWordToken(token: Token, text: string): boolean {
  return typeof token === 'object' && token.text === text
}

function isEitherWord(token: Token, one: string, other: string): boolean {
  return typeof token === 'object' && (token.text === one || token.text === other)
}

/** A literal, or what stands for one. */
function isValue(token: Token): boolean {
  return (
    token === 'string' ||
    token === 'double-quoted' ||
    token === 'placeholder' ||
    token === QUESTION_MARK
  )
}
