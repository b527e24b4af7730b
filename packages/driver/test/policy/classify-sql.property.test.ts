import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classifySql } from '../../src/policy/classify-sql.js'
import type { SqlClass } from '../../src/policy/sql-class.js'
import { readSpecs } from '../read-spec.js'

const SPECS = readSpecs<{ statements: string[] }>('classify-sql')
const statementOf = (...names: string[]) =>
  fc.constantFrom(
    ...SPECS.filter(({ name }) => names.length === 0 || names.includes(name)).flatMap(
      ({ spec }) => spec.statements,
    ),
  )

/** Statements as lists of tokens, so that a test can put something between them. */
const TOKENS = [
  'SELECT|*|FROM|users|WHERE|id|=|?',
  'SELECT|COUNT|(|*|)|,|MAX|(|a|)|FROM|t|GROUP|BY|b|HAVING|COUNT|(|*|)|>|1',
  'SELECT|f|(|1|)',
  'SELECT|db|.|f|(|1|)',
  'SELECT|*|FROM|t|FOR|UPDATE',
  'SELECT|*|FROM|t|FOR|SHARE',
  'SELECT|*|FROM|t|LOCK|IN|SHARE|MODE',
  'SELECT|a|INTO|@x|FROM|t',
  'SELECT|@a|:=|1',
  'SELECT|LAST_INSERT_ID|(|)',
  'SELECT|LAST_INSERT_ID|(|5|)',
  "SELECT|GET_LOCK|(|'a'|,|1|)",
  'SELECT|*|FROM|information_schema|.|tables',
  'SELECT|*|FROM|`information_schema`|.|`tables`',
  'SELECT|@@version',
  'SELECT|NEXT|VALUE|FOR|s',
  'SELECT|1|=|ANY|(|SELECT|2|)',
  'WITH|RECURSIVE|n|(|i|,|j|)|AS|(|SELECT|1|,|2|)|SELECT|*|FROM|n',
  'WITH|c|AS|(|SELECT|1|)|DELETE|FROM|t',
  '(|SELECT|1|)|UNION|ALL|(|SELECT|2|)',
  'SELECT|*|FROM|(|SELECT|1|)|AS|d|(|a|)',
  'SELECT|CAST|(|a|AS|DATETIME|(|6|)|)|FROM|t',
  "SELECT|MATCH|(|a|)|AGAINST|(|'b'|IN|BOOLEAN|MODE|)|FROM|t",
  'TABLE|t',
  'VALUES|ROW|(|1|)',
  'EXPLAIN|FORMAT|=|JSON|SELECT|1',
  'EXPLAIN|ANALYZE|DELETE|FROM|t',
  "INSERT|INTO|t|(|a|)|VALUES|(|'b'|)",
  "REPLACE|INTO|t|VALUES|(|REPLACE|(|'a'|,|'b'|,|'c'|)|)",
  'UPDATE|t|SET|a|=|1|WHERE|b|=|"c"',
  'CALL|p|(|@out|)',
  'SET|NAMES|utf8mb4',
  "SET|SESSION|sql_mode|=|'ANSI'|,|time_zone|=|'+00:00'",
  'SET|autocommit|=|0',
  'SET|@a|=|1',
  'SET|TRANSACTION|READ|ONLY',
  'START|TRANSACTION|READ|ONLY',
  'BEGIN|WORK',
  'COMMIT|AND|NO|CHAIN',
  'COMMIT|AND|CHAIN',
  'ROLLBACK|TO|SAVEPOINT|a',
  'CREATE|TEMPORARY|TABLE|t|(|a|INT|)',
  'SELECT|1|;|DELETE|FROM|t',
  'SHOW|WARNINGS',
].map((line) => line.split('|'))

const GAPS = [
  ' ',
  '\n',
  '\t\r\n',
  '  ',
  '/* x */',
  '/**/',
  ' -- x\n',
  '\n--\n',
  '# x\n',
  "/* ' */",
  '/* " ` */',
  '/* ; */',
  "-- it's\n",
  '/* FOR UPDATE */',
  '# INTO\n',
]

/** A literal as mysql2 writes it: with backslashes. */
const escaped = (value: string, quote: string): string =>
  quote + value.replaceAll(/[\\'"\n\r\0]/g, (character) => `\\${character}`) + quote
/** A literal without backslashes: quotes are doubled. */
const doubled = (value: string, quote: string): string =>
  quote + value.replaceAll('\\', '').replaceAll(quote, quote + quote) + quote

const ANYTHING = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom("'", '"', '`', ';', '-', ' ', '/', '*', '!', '#', '@', '(', ')', 'a'),
  }),
  fc.constantFrom(
    '; DROP TABLE t; --',
    'FOR UPDATE',
    'x INTO @y',
    'f(1)',
    '/*! DELETE */',
    '@a := 1',
  ),
)

const rankOf = ({ intent }: SqlClass): number => ['read', 'session', 'write'].indexOf(intent)

describe('classifySql', () => {
  it('never throws and always answers in full', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .array(
          fc.oneof(
            statementOf(),
            ANYTHING,
            fc.constantFrom(
              ...GAPS,
              "'",
              '"',
              '`',
              '(',
              ')',
              ';',
              '/*',
              '*/',
              '/*!',
              '--',
              '\0',
              '\\',
            ),
          ),
        )
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(anyText, (text) => {
        const answer = classifySql(text)
        expect(['read', 'write', 'session']).toContain(answer.intent)
        expect(Object.isFrozen(answer)).toBe(true)
        if (answer.intent === 'read') {
          expect(answer).toMatchObject({
            isRepeatable: true,
            pins: false,
            isSingle: true,
            setsState: false,
            mayCommit: false,
          })
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('gives the same answer whatever comments and white space stand between the tokens', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TOKENS),
        fc.infiniteStream(fc.constantFrom(...GAPS)),
        (tokens, gaps) => {
          const [head, ...tail] = tokens
          const spread = tail.reduce((text, token) => text + gaps.next().value + token, head ?? '')
          expect(classifySql(spread)).toEqual(classifySql(tokens.join(' ')))
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('gives the same answer whatever the case of the letters', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TOKENS), fc.infiniteStream(fc.boolean()), (tokens, flips) => {
        const text = tokens.join(' ')
        const mixed = [...text]
          .map((letter) => (flips.next().value ? letter.toUpperCase() : letter.toLowerCase()))
          .join('')
        expect(classifySql(mixed)).toEqual(classifySql(text))
      }),
      { numRuns: 1000 },
    )
  })

  it('does not look into a literal', () => {
    const LITERALS = TOKENS.filter((tokens) => tokens.some((token) => /^'.*'$|^"c"$/.test(token)))
    fc.assert(
      fc.property(
        fc.constantFrom(...LITERALS, ['SELECT', "'x'", 'FROM', 't'], ['SELECT', '"x"', ',', "'x'"]),
        ANYTHING,
        fc.constantFrom('"', "'"),
        (tokens, value, quote) => {
          const swapped = tokens.map((token) =>
            /^['"]/.test(token) ? doubled(value, quote) : token,
          )
          expect(classifySql(swapped.join(' '))).toEqual(classifySql(tokens.join(' ')))
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('becomes stricter at most when a literal escapes its own quote', () => {
    fc.assert(
      fc.property(ANYTHING, fc.constantFrom('"', "'"), (value, quote) => {
        const plain = classifySql("SELECT 'x' FROM t")
        const answer = classifySql(`SELECT ${escaped(value, quote)} FROM t`)
        expect(answer.pins || !answer.isSingle || answer.mayCommit).toBe(false)
        if (!value.includes(quote)) {
          expect(answer).toEqual(plain)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('treats a statement in an executable comment at least as strictly', () => {
    fc.assert(
      fc.property(
        statementOf(),
        fc.constantFrom('/*!', '/*!50000 ', '/*!080400 ', '/*M!', '/*M!100500 '),
        (statement, open) => {
          const bare = classifySql(statement)
          const wrapped = classifySql(`${open}${statement}*/`)
          expect(rankOf(wrapped)).toBeGreaterThanOrEqual(rankOf(bare))
          expect(wrapped.isRepeatable && !bare.isRepeatable).toBe(false)
          expect(wrapped.pins || !bare.pins).toBe(true)
          expect(wrapped.mayCommit || !bare.mayCommit).toBe(true)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('never takes more than one statement for a read', () => {
    fc.assert(
      fc.property(
        statementOf('reads'),
        statementOf('reads', 'data-changes', 'schema-changes'),
        (one, two) => {
          expect(classifySql(`${one}\n;${two}`)).toMatchObject({
            intent: 'write',
            isRepeatable: false,
            isSingle: false,
          })
        },
      ),
      { numRuns: 500 },
    )
  })

  it('takes a time that grows with the text and no faster, up to 16 MB', () => {
    const shapes = [
      (size: number) => `SELECT '${'x'.repeat(size)}'`,
      (size: number) => `SELECT ${"'a\\'',".repeat(size / 6)}1`,
      (size: number) => `SELECT ${'('.repeat(size)}`,
      (size: number) => `SELECT ${'f(a,'.repeat(size / 4)}`,
      (size: number) => `SELECT ${'a(a) '.repeat(size / 5)}`,
      (size: number) => '/**/'.repeat(size / 4),
      (size: number) => '/*!'.repeat(size / 3),
      (size: number) => `SELECT ${'/*! a */'.repeat(size / 8)}`,
      (size: number) => `SELECT ${'/*+'.repeat(size / 3)}`,
      (size: number) => ' '.repeat(size),
      (size: number) => '-- \n'.repeat(size / 4),
      (size: number) => `#${'-'.repeat(size)}`,
      (size: number) => ';'.repeat(size),
      (size: number) => '`'.repeat(size),
      (size: number) => '@'.repeat(size),
      (size: number) => `SELECT ${'\\'.repeat(size)}`,
      (size: number) => `INSERT INTO t VALUES ${"(1,'a'),".repeat(size / 8)}(1,'a')`,
    ]
    const spentMs = (text: string): number => {
      // Of the processor, so that what else runs on the machine does not count.
      const from = process.cpuUsage()
      classifySql(text)
      return process.cpuUsage(from).user / 1_000
    }
    for (const shape of shapes) {
      const small = shape(1 << 16)
      const smallMs = Math.max(1, Math.min(...[1, 2, 3, 4].map(() => spentMs(small))))
      // 16 times the text: 256 times the time if it were quadratic.
      const large = shape(1 << 20)
      expect(Math.min(spentMs(large), spentMs(large)), shape(12)).toBeLessThan(smallMs * 100)
    }
    for (const shape of shapes.slice(0, 2)) {
      const text = shape(1 << 24)
      expect(classifySql(text).intent).toBe('read')
      expect(classifySql(`${text} FROM t FOR UPDATE`).intent).toBe('write')
      expect(classifySql(`${text}; DELETE FROM t`).isSingle).toBe(false)
    }
  })
})
