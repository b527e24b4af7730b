import fc from 'fast-check'

const name = fc.constantFrom('t', 'u', 'users', '`t`', 'oracle.t', '"t"')
const column = fc.constantFrom('id', 'a', 'b', 'name', '`a`', 't.a', '"a"')
const literal = fc.oneof(
  fc.constantFrom('1', '-1', '1.5', '1e3', '0x41', 'NULL', "''", "'x'", '"x"', "'it''s'", "N'x'"),
  fc.constantFrom(
    "'it\\'s'",
    '"say \\"x\\""',
    "'\\\\'",
    "'\\'",
    '"\\"',
    "'a\\' FROM t -- '",
    "'--'",
    "'/*'",
    "';'",
  ),
  fc
    .string({ unit: fc.constantFrom("'", '"', '\\', '`', ';', '-', '#', '/', '*', ' ', 'a') })
    .map((text) => `'${text.replaceAll(/[\\']/g, '\\$&')}'`),
)
const called = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      ...[
        'COUNT',
        'MAX',
        'CONCAT',
        'IF',
        'COALESCE',
        'UPPER',
        'NOW',
        'ABS',
        'LEFT',
        'JSON_EXTRACT',
      ],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        'f',
        'g',
        'oracle.f',
        '`f`',
        '"f"',
        'GET_LOCK',
        'LAST_INSERT_ID',
        'NEXTVAL',
        'FOUND_ROWS',
      ],
    ),
  },
)
const gap = fc.oneof(
  { weight: 2, arbitrary: fc.constant(' ') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\n', '/**/', ' /* x */ ', ' -- x\n', '#x\n', " /* ' */ "),
  },
)

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 6, arbitrary: literal },
    { weight: 6, arbitrary: column },
    fc
      .tuple(called, gap, fc.array(tie('expression'), { maxLength: 3 }))
      .map(
        ([named, between, list]) =>
          `${named}${between.trim() === '' ? '' : between}(${list.join(', ')})`,
      ),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '=', 'AND', 'LIKE', '||', '<=>'),
        tie('expression'),
      )
      .map(([one, operator, other]) => `${one} ${operator} ${other}`),
    tie('expression').map((inner) => `(${inner})`),
    tie('expression').map((inner) => `(SELECT ${inner} FROM u LIMIT 1)`),
    fc
      .tuple(tie('expression'), tie('expression'))
      .map(([one, other]) => `CASE WHEN ${one} THEN ${other} ELSE 0 END`),
    { weight: 1, arbitrary: fc.constantFrom('@x', '@@version', 'NEXT VALUE FOR s', '(@x := 1)') },
  ),
}))

const tail = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom('', ' LIMIT 1', ' ORDER BY 1', ' GROUP BY a', ';', ' -- end'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[' FOR UPDATE', ' LOCK IN SHARE MODE', ' /*! FOR UPDATE */', '; DELETE FROM t'],
      ...[' INTO @x', " INTO OUTFILE '/nowhere/x'", ' PROCEDURE ANALYSE()'],
    ),
  },
)
const verb = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('SELECT', 'select', 'SELECT DISTINCT') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('SELECT SQL_CALC_FOUND_ROWS', 'DO', 'INSERT INTO t SELECT'),
  },
)
const select = fc
  .tuple(verb, gap, expression, name, tail)
  .map(
    ([begin, between, what, from, rest]) =>
      `${begin}${between}${what}${between}FROM ${from}${rest}`,
  )
const statement = fc.oneof(
  { weight: 6, arbitrary: select },
  { weight: 1, arbitrary: expression.map((what) => `SELECT ${what}`) },
  {
    weight: 1,
    arbitrary: fc.tuple(select, select).map(([one, other]) => `(${one}) UNION (${other})`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(select, select).map(([one, other]) => `${one} UNION ALL ${other}`),
  },
  { weight: 1, arbitrary: select.map((one) => `WITH c (x) AS (${one}) SELECT * FROM c`) },
  { weight: 1, arbitrary: select.map((one) => `SELECT * FROM (${one}) AS d`) },
  { weight: 1, arbitrary: select.map((one) => `EXPLAIN ${one}`) },
  { weight: 1, arbitrary: select.map((one) => `/*! ${one} */`) },
)
const nastiness = fc.constantFrom(
  ...[
    "'",
    '"',
    '`',
    '\\',
    "\\'",
    '--',
    '-- ',
    '#',
    '/*',
    '*/',
    '/*!',
    '/*!99999',
    ';',
    '(',
    ')',
    '@',
  ],
  ...[
    ' FOR UPDATE',
    ' INTO @x',
    ' DELETE FROM t',
    '; DELETE FROM t',
    ' f(1)',
    '\0',
    '\u00a0',
    'ſ',
    '.',
  ],
)

/** Statements that a server may run, and the same with something nasty put in. */
export const anyStatement: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: statement },
  {
    weight: 2,
    arbitrary: fc
      .tuple(statement, nastiness, fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([text, nasty, place]) => {
        const at = Math.floor(text.length * place)
        return text.slice(0, at) + nasty + text.slice(at)
      }),
  },
)
