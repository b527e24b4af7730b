import { syntaxError, unsupported } from '../sql-error.js'
import { type Token, tokenize } from './lexer.js'

/** Words that MySQL reserves: they name nothing unless quoted, and end an alias-less item. */
const RESERVED = new Set(
  `ADD ALL ALTER AND AS ASC BETWEEN BIGINT BINARY BLOB BOTH BY CALL CASCADE CASE CHAR CHARACTER CHECK COLLATE
  COLUMN CONSTRAINT CONVERT CREATE CROSS CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DATABASE
  DECIMAL DEFAULT DELETE DESC DESCRIBE DISTINCT DIV DOUBLE DROP DUAL ELSE EXCEPT EXISTS EXPLAIN FALSE FLOAT FOR
  FORCE FOREIGN FROM FULLTEXT GRANT GROUP GROUPING HAVING IF IGNORE IN INDEX INNER INSERT INT INTEGER INTERSECT
  INTERVAL INTO IS JOIN KEY KEYS KILL LATERAL LEADING LEFT LIKE LIMIT LOAD LOCK LONGBLOB LONGTEXT MATCH
  MEDIUMBLOB MEDIUMINT MEDIUMTEXT MOD NATURAL NOT NULL NUMERIC OF ON OPTION OR ORDER OUTER OVER PARTITION
  PRIMARY PROCEDURE RANGE READ REAL RECURSIVE REFERENCES REGEXP RELEASE RENAME REPLACE REQUIRE RESTRICT REVOKE
  RIGHT RLIKE ROW ROWS SELECT SET SHOW SMALLINT STRAIGHT_JOIN TABLE THEN TINYBLOB TINYINT TINYTEXT TO TRAILING
  TRIGGER TRUE UNION UNIQUE UNLOCK UNSIGNED UPDATE USE USING UTC_DATE UTC_TIME UTC_TIMESTAMP VALUES VARBINARY
  VARCHAR WHEN WHERE WINDOW WITH WRITE XOR ZEROFILL`.split(/\s+/),
)

/** Walks over the tokens of one text; the parsers below it share one cursor. */
export class TokenCursor {
  readonly text: string
  readonly #tokens: readonly Token[]
  #at = 0
  /** How many `?` were passed. */
  parameterCount = 0

  constructor(text: string) {
    this.text = text
    this.#tokens = tokenize(text)
  }

  get token(): Token {
    return this.#tokens[this.#at] as Token
  }

  /** The token `ahead` places further on. */
  peek(ahead: number): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)] as Token
  }

  /** Where the token before this one ended. */
  get previousEnd(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0
  }

  next(): Token {
    const token = this.token
    if (token.kind !== 'end') this.#at++
    return token
  }

  isWord(...words: readonly string[]): boolean {
    return this.token.kind === 'word' && words.includes(this.token.text)
  }

  isEnd(): boolean {
    return this.token.kind === 'end'
  }

  isOperator(operator: string): boolean {
    return this.token.kind === 'operator' && this.token.text === operator
  }

  /** Passes the words given if they come next, all of them. */
  takeWords(...words: readonly string[]): boolean {
    for (const [index, word] of words.entries()) {
      const token = this.peek(index)
      if (token.kind !== 'word' || token.text !== word) return false
    }
    this.#at += words.length
    return true
  }

  /** Passes and returns the next word if it is one of those given. */
  takeAny<Word extends string>(...words: readonly Word[]): Word | undefined {
    if (!this.isWord(...words)) return undefined
    return this.next().text as Word
  }

  takeOperator(operator: string): boolean {
    if (!this.isOperator(operator)) return false
    this.#at++
    return true
  }

  expectWords(...words: readonly string[]): void {
    for (const word of words) if (!this.takeWords(word)) throw this.syntaxError()
  }

  expectOperator(operator: string): void {
    if (!this.takeOperator(operator)) throw this.syntaxError()
  }

  /** Is this token a name: quoted, or a word that is not reserved? */
  isName(): boolean {
    const { kind, text } = this.token
    return kind === 'name' || (kind === 'word' && !RESERVED.has(text))
  }

  name(): string {
    if (!this.isName()) throw this.syntaxError()
    return this.anyName()
  }

  /** A name after a dot, where reserved words are allowed. */
  anyName(): string {
    const token = this.token
    if (token.kind !== 'name' && token.kind !== 'word') throw this.syntaxError()
    this.#at++
    return token.kind === 'name' ? token.text : token.raw
  }

  string(): string {
    if (this.token.kind !== 'string') throw this.syntaxError()
    return this.next().text
  }

  /** A plain number without a sign, such as a length. */
  integer(): number {
    const { kind, text } = this.token
    if (kind !== 'number' || !/^\d+$/.test(text)) throw this.syntaxError()
    this.#at++
    return Number(text)
  }

  /** Items between commas. */
  list<Item>(item: () => Item): Item[] {
    const items = [item()]
    while (this.takeOperator(',')) items.push(item())
    return items
  }

  parenthesised<Item>(content: () => Item): Item {
    this.expectOperator('(')
    const result = content()
    this.expectOperator(')')
    return result
  }

  syntaxError(): Error {
    return syntaxError(this.text, this.token.start)
  }

  /** 1235 if one of these words comes next: they begin something real that is not in the subset. */
  refuse(...words: readonly string[]): void {
    if (this.isWord(...words)) throw unsupported(this.token.text)
  }
}
