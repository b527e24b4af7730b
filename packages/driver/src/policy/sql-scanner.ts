import { Found } from './sql-findings.js'
import { SqlLexer, type SqlReading, type TokenKind } from './sql-lexer.js'
import type { SqlWord } from './sql-words.js'

const { WRITE, SESSION, EFFECTS, PINS, VARIABLE, SYSTEM_VARIABLE, INTO, BAD } = Found

const OPEN = 40
const CLOSE = 41
const COMMA = 44
const DOT = 46
const SEMICOLON = 59
const DOUBLE_QUOTE = 34

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
  kind: TokenKind = 'end'
  word: SqlWord | undefined
  /** `:=` that follows the name in `SET name := …` assigns no user variable. */
  isAtSetTarget = false
  hasSemicolon = false

  readonly #lexer: SqlLexer
  #character = 0
  #before: TokenKind = 'end'
  #beforeWord: SqlWord | undefined
  #beforeCharacter = 0
  #beforeStart = 0
  #beforeEnd = 0
  #twoBefore: TokenKind = 'end'
  #twoBeforeWord: SqlWord | undefined
  #twoBeforeCharacter = 0
  #expectation: Expectation = 'nothing'

  constructor(text: string, reading: SqlReading) {
    this.#lexer = new SqlLexer(text, reading)
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
    return (
      this.kind === 'end' ||
      this.kind === 'bad' ||
      (this.kind === 'punctuation' && this.#character === SEMICOLON)
    )
  }

  /** Whether the token at hand is this character. */
  isCharacter(character: string): boolean {
    return this.kind === 'punctuation' && this.#character === character.charCodeAt(0)
  }

  /** Whether the token at hand is this word, in upper case. */
  isWord(text: string): boolean {
    return this.kind === 'word' && this.word?.text === text
  }

  /** Goes on to the end of the statement. */
  drain(): void {
    while (!this.isAtEnd) {
      this.advance()
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
    this.#twoBeforeWord = this.#beforeWord
    this.#twoBeforeCharacter = this.#beforeCharacter
    this.#before = this.kind
    this.#beforeWord = this.word
    this.#beforeCharacter = this.#character
    this.#beforeStart = lexer.start
    this.#beforeEnd = lexer.end
    this.kind = lexer.next()
    this.word = lexer.word
    this.#character = lexer.character
    if (this.#expectation !== 'nothing') {
      this.#meetExpectation()
    }
    if (this.#before === 'word' && this.#beforeWord !== undefined && !this.#isAt(OPEN)) {
      this.#noteStatementWord(this.#beforeWord.text)
    }
    switch (this.kind) {
      case 'bad':
        this.findings |= BAD
        break
      case 'word':
        if (this.word !== undefined) {
          this.#noteWord(this.word.text)
        }
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
      case 'punctuation':
        this.#notePunctuation()
        break
      default:
        break
    }
  }

  #isAt(character: number): boolean {
    return this.kind === 'punctuation' && this.#character === character
  }

  /** `INSERT` and `REPLACE` are functions before a parenthesis, and statements elsewhere. */
  #noteStatementWord(text: string): void {
    if (text === 'INSERT' || text === 'REPLACE') {
      this.findings |= WRITE | EFFECTS
    }
  }

  #noteWord(text: string): void {
    switch (text) {
      case 'INTO':
        this.findings |= INTO | WRITE | EFFECTS
        break
      case 'UPDATE':
      case 'DELETE':
      case 'LOCK':
      case 'NEXTVAL':
      case 'SETVAL':
        this.findings |= WRITE | EFFECTS
        break
      case 'SHARE':
        if (this.#beforeWord?.text === 'FOR') {
          this.findings |= WRITE | EFFECTS
        }
        break
      case 'FOR':
        // MariaDB's `NEXT VALUE FOR sequence`.
        if (this.#beforeWord?.text === 'VALUE') {
          this.findings |= WRITE | EFFECTS
        }
        break
      case 'SQL_CALC_FOUND_ROWS':
        this.findings |= PINS | WRITE | EFFECTS
        break
      default:
        break
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

  #notePunctuation(): void {
    switch (this.#character) {
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
    if (this.#before === 'word') {
      return this.#beforeWord?.isSystemSchema === true
    }
    return (
      (this.#before === 'name' || this.#isDoubleQuotedBefore()) &&
      this.#lexer.findName(this.#beforeStart + 1, this.#beforeEnd - 1)?.isSystemSchema === true
    )
  }

  #isDoubleQuotedBefore(): boolean {
    return this.#before === 'string' && this.#beforeCharacter === DOUBLE_QUOTE
  }

  /** What stands before a parenthesis may be a function. */
  #noteParenthesis(): void {
    const isQualified = this.#twoBefore === 'punctuation' && this.#twoBeforeCharacter === DOT
    if (this.#before === 'word') {
      const word = this.#beforeWord
      if (word !== undefined && !isQualified) {
        if (word.isEffectFree || word.mayPrecedeParenthesis) {
          return
        }
        if (this.#noteSpecialCall(word.text)) {
          return
        }
      }
    } else if (this.#before !== 'name' && !this.#isDoubleQuotedBefore()) {
      return
    }
    if (isQualified) {
      this.findings |= WRITE | EFFECTS
    } else if (this.#twoBefore === 'word' && this.#twoBeforeWord?.text === 'AS') {
      // The name of a type, or an alias with names of columns: no call can follow AS.
    } else if (this.#twoBefore === 'punctuation' && this.#twoBeforeCharacter === CLOSE) {
      this.#expectation = 'alias-column'
    } else if (this.#mayNameCte()) {
      this.#expectation = 'cte-column'
    } else {
      this.findings |= WRITE | EFFECTS
    }
  }

  #mayNameCte(): boolean {
    return (
      (this.#twoBefore === 'punctuation' && this.#twoBeforeCharacter === COMMA) ||
      (this.#twoBefore === 'word' &&
        (this.#twoBeforeWord?.text === 'WITH' || this.#twoBeforeWord?.text === 'RECURSIVE'))
    )
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
        return this.#twoBefore === 'punctuation' && this.#twoBeforeCharacter === CLOSE
      case 'COLUMNS':
        // `JSON_TABLE(document, '$[*]' COLUMNS (…))`: no call can follow a value.
        return this.#twoBefore === 'string' || this.#isPlaceholderTwoBefore()
      default:
        return false
    }
  }

  #isPlaceholderTwoBefore(): boolean {
    return (
      this.#twoBefore === 'placeholder' ||
      (this.#twoBefore === 'punctuation' && this.#twoBeforeCharacter === 63)
    )
  }

  #meetExpectation(): void {
    const expectation = this.#expectation
    this.#expectation = 'nothing'
    const isName = this.kind === 'word' || this.kind === 'name' || this.kind === 'string'
    switch (expectation) {
      case 'no-argument':
        this.findings |= this.#isAt(CLOSE) ? SESSION | EFFECTS : WRITE | EFFECTS
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
        if (this.#isAt(COMMA)) {
          this.#expectation = expectation === 'cte-comma' ? 'cte-column' : 'alias-column'
          return
        }
        if (this.#isAt(CLOSE)) {
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
        if (this.#isAt(OPEN)) {
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
