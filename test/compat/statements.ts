import { Readable } from 'node:stream'
import type { PoolOptions } from 'mysql2'
import { QUERIES, type Request } from './ways.js'

/** One statement and what must come of it. */
export interface Statement extends Request {
  /** Options of the pool that runs it; none: the pool that the file shares. */
  readonly pool?: PoolOptions
  /** What `pool.query` must call back with, as `visible()` shows it; more may be there. */
  readonly rows?: unknown
  /** What the error must carry. */
  readonly error?: object
}

/** The tables and procedures that the statements speak of. */
export const SCHEMA = [
  `CREATE TABLE app.item (
    id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50) UNIQUE, price DECIMAL(8,2), made DATETIME(3), body JSON,
    raw VARBINARY(20), big BIGINT, parent INT, FOREIGN KEY (parent) REFERENCES app.item (id)) DEFAULT CHARSET utf8mb4`,
  `INSERT INTO app.item VALUES
    (1, 'one', 1.10, '2026-01-02 03:04:05.678', '{"a":[1,"ü"]}', 0x00ff, 9007199254740993, NULL),
    (2, 'zwölf 🐟', NULL, NULL, NULL, NULL, NULL, 1)`,
  `CREATE TABLE app.kind (
    id INT PRIMARY KEY, tiny TINYINT, utiny TINYINT UNSIGNED, small SMALLINT, medium MEDIUMINT, uint INT UNSIGNED ZEROFILL,
    big BIGINT, ubig BIGINT UNSIGNED, exact DECIMAL(30,10), approximate FLOAT, twice DOUBLE, bits BIT(12), flag BOOLEAN,
    day DATE, clock TIME(3), moment DATETIME(6), stamp TIMESTAMP(3) NULL, year YEAR, fixed CHAR(4), fixed_raw BINARY(4),
    text VARCHAR(20) CHARACTER SET latin1, raw VARBINARY(20), tiny_blob TINYBLOB, long_blob LONGBLOB, tiny_text TINYTEXT,
    long_text LONGTEXT, choice ENUM('a','b'), several SET('x','y','z'), document JSON, place POINT)`,
  `INSERT INTO app.kind VALUES (
    1, -128, 255, -32768, 8388607, 42, -9223372036854775808, 18446744073709551615, 12345678901234567890.0123456789, 1.5,
    -2.2250738585072014e-308, b'101010101010', TRUE, '2024-02-29', '-838:59:58.999', '2026-11-20 10:11:12.123456',
    '2026-11-20 10:11:12.123', 2026, 'ab', 'ab', 'café', 0xdeadbeef, 'tb', REPEAT('b', 300), 'tt', REPEAT('ü', 300), 'b',
    'x,z', '{"deep":{"list":[1,2.5,null,true]}}', POINT(1, -2)), (
    2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
  'CREATE TABLE app.loaded (id INT PRIMARY KEY, text VARCHAR(20))',
  'CREATE PROCEDURE app.twice(IN n INT) BEGIN SELECT n AS n; SELECT n * 2 AS twice; END',
  'CREATE PROCEDURE app.give(IN a INT, OUT b INT, INOUT c INT) BEGIN SET b = a + 1; SET c = c * 2; END',
  `CREATE PROCEDURE app.refuse() SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'No, not this', MYSQL_ERRNO = 5555`,
  'CREATE FUNCTION app.next_of(n INT) RETURNS INT DETERMINISTIC RETURN n + 1',
]

/** The rows of a file that exists only in its name. */
function rowsOf(path: string): Readable {
  const count = Number.parseInt(path, 10)
  return Readable.from(Array.from({ length: count }, (_, index) => Buffer.from(`${index},x\n`)))
}

const MADE = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

/** By name. Statements that write leave the tables as they found them, so that each way of running them sees the same. */
export const STATEMENTS: Readonly<Record<string, Statement>> = {
  // Rows.
  'one row': { sql: 'SELECT id, name FROM item WHERE id = 1', rows: [{ id: 1, name: 'one' }] },
  'no rows': { sql: 'SELECT id FROM item WHERE id = 0', rows: [] },
  'every type': {
    sql: 'SELECT * FROM kind ORDER BY id',
    rows: [
      { id: 1, tiny: -128, uint: 42, ubig: 18446744073709552000, raw: 'buffer deadbeef' },
      { id: 2, tiny: null, place: null },
    ],
  },
  'columns of one name': { sql: 'SELECT 1 AS a, 2 AS a', rows: [{ a: 2 }] },
  'a column without a name': { sql: "SELECT ''", rows: [{ '': '' }] },
  'text in every script': { sql: "SELECT 'aüß漢🐟' AS text", rows: [{ text: 'aüß漢🐟' }] },
  'many rows': { sql: 'SELECT seq FROM seq_1_to_3000', rows: { 2999: { seq: 3000 } } },
  'a wide row': {
    sql: `SELECT ${Array.from({ length: 300 }, (_, index) => `${index} AS c${index}`).join()}`,
    rows: [{ c0: 0, c299: 299 }],
  },
  'a join': {
    sql: 'SELECT a.name, b.name AS child FROM item a JOIN item b ON b.parent = a.id',
    rows: [{ name: 'one', child: 'zwölf 🐟' }],
  },
  'a CTE': { sql: 'WITH t AS (SELECT 1 AS n) SELECT n FROM t', rows: [{ n: 1 }] },
  'a stored function': { sql: 'SELECT next_of(41) AS n', rows: [{ n: 42 }] },
  'a locking read': { sql: 'SELECT id FROM item WHERE id = 1 FOR UPDATE', rows: [{ id: 1 }] },
  SHOW: { sql: "SHOW TABLES LIKE 'item'", rows: [{}] },
  EXPLAIN: { sql: 'EXPLAIN SELECT 1', rows: [{ id: 1 }] },
  'the information schema': {
    sql: "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_NAME = 'kind'",
    rows: [{ name: 'kind' }],
  },
  'a leading comment': { sql: '/* a comment; with `this` */ SELECT 1 AS a', rows: [{ a: 1 }] },

  // Values.
  placeholders: {
    sql: 'SELECT ? AS a, ? AS b, ? AS c',
    values: [1, "it's", null],
    rows: [{ a: 1, b: "it's", c: null }],
  },
  'a date as a value': {
    sql: 'SELECT id FROM item WHERE made = ?',
    values: [new Date(2026, 0, 2, 3, 4, 5, 678)],
    rows: [{ id: 1 }],
  },
  'a buffer as a value': {
    sql: 'SELECT id FROM item WHERE raw = ?',
    values: [Buffer.from([0, 255])],
    rows: [{ id: 1 }],
  },
  'a boolean, a bigint and a float as values': {
    sql: 'SELECT ? AS a, ? AS b, ? AS c',
    values: [true, 12345678901234567890n, 1.25],
  },
  'an identifier as a value': { sql: 'SELECT ?? FROM item WHERE id = 1', values: ['name'] },
  'a list as a value': { sql: 'SELECT id FROM item WHERE id IN (?)', values: [[1, 2]] },
  'an object as a value': { sql: 'SELECT ? AS a', values: [{ a: 1 }] },
  'an object as a value, stringified': {
    pool: { stringifyObjects: true },
    sql: 'SELECT ? AS a',
    values: [{ a: 1 }],
    rows: [{ a: '[object Object]' }],
  },
  'one value, not in a list': { sql: 'SELECT ? AS a', values: 5, rows: [{ a: 5 }] },
  'values in the options': { sql: { sql: 'SELECT ? AS a', values: [7] }, rows: [{ a: 7 }] },
  'values beside the options': { sql: { sql: 'SELECT ? AS a' }, values: [8], rows: [{ a: 8 }] },
  'values in both places': { sql: { sql: 'SELECT ? AS a', values: [7] }, values: [8] },
  'too few values': { sql: 'SELECT ? AS a, ? AS b', values: [1], error: { errno: 1064 } },
  'too many values': { sql: 'SELECT ? AS a', values: [1, 2], rows: [{ a: 1 }] },
  'undefined as a value': { sql: 'SELECT ? AS a', values: [undefined], rows: [{ a: null }] },
  'a function as a value': { sql: 'SELECT ? AS a', values: [() => 1] },
  'an empty list of values': { sql: 'SELECT 1 AS a', values: [], rows: [{ a: 1 }] },
  'named placeholders by option': {
    sql: { sql: 'SELECT :a AS a, :b AS b, :a AS c', namedPlaceholders: true },
    values: { a: 1, b: 'x' },
    rows: [{ a: 1, b: 'x', c: 1 }],
  },
  'named placeholders of the pool': {
    pool: { namedPlaceholders: true },
    sql: 'SELECT :a AS a',
    values: { a: 1 },
    rows: [{ a: 1 }],
  },
  'named placeholders of the pool, with a list': {
    pool: { namedPlaceholders: true },
    sql: 'SELECT ? AS a',
    values: [1],
    rows: [{ a: 1 }],
  },
  'named placeholders of the pool, off by option': {
    pool: { namedPlaceholders: true },
    sql: { sql: 'SELECT ? AS a', namedPlaceholders: false },
    values: [1],
    rows: [{ a: 1 }],
  },
  'a format of the application': {
    pool: {
      queryFormat: (sql: string, values: { [name: string]: number }) =>
        sql.replace(/:(\w+)/g, (_, name) => String(values[name] ?? 'NULL')),
    } as PoolOptions,
    sql: 'SELECT :a AS a',
    values: { a: 3 },
    rows: [{ a: 3 }],
  },

  // How rows are read.
  'rows as arrays': {
    sql: { sql: 'SELECT id, name FROM item WHERE id = 1', rowsAsArray: true },
    rows: [[1, 'one']],
  },
  'rows as arrays, by the pool': {
    pool: { rowsAsArray: true },
    sql: 'SELECT id FROM item WHERE id = 1',
    rows: [[1]],
  },
  'rows as arrays, by the pool, off by option': {
    pool: { rowsAsArray: true },
    sql: { sql: 'SELECT id FROM item WHERE id = 1', rowsAsArray: false },
  },
  'nested tables': {
    sql: { sql: 'SELECT a.id, b.id FROM item a JOIN item b ON b.parent = a.id', nestTables: true },
    rows: [{ a: { id: 1 }, b: { id: 2 } }],
  },
  'nested tables with a separator': {
    sql: { sql: 'SELECT a.id, b.id FROM item a JOIN item b ON b.parent = a.id', nestTables: '_' },
    rows: [{ a_id: 1, b_id: 2 }],
  },
  'nested tables, by the pool': {
    pool: { nestTables: true } as PoolOptions,
    sql: 'SELECT id FROM item WHERE id = 1',
    rows: [{ item: { id: 1 } }],
  },
  'typeCast by option': {
    sql: {
      sql: 'SELECT id, made, price FROM item WHERE id = 1',
      typeCast: (
        field: { type: string; name: string; table: string; db: string; string(): string },
        next: () => unknown,
      ) =>
        field.type === 'DATETIME'
          ? `${field.db}.${field.table}.${field.name} ${field.string()}`
          : next(),
    },
    rows: [{ id: 1, made: 'app.item.made 2026-01-02 03:04:05.678', price: '1.10' }],
  },
  'typeCast by the pool': {
    pool: {
      typeCast: (field, next) => (field.type === 'LONG' ? Number(field.string()) * 10 : next()),
    },
    sql: 'SELECT id FROM item WHERE id = 1',
    rows: [{ id: 10 }],
  },
  'typeCast by the pool, off by option': {
    pool: { typeCast: () => 'cast' },
    sql: { sql: 'SELECT id FROM item WHERE id = 1', typeCast: false },
    rows: [{ id: 'cast' }],
  },
  'typeCast off by the pool': {
    pool: { typeCast: false },
    sql: 'SELECT id FROM item WHERE id = 1',
    rows: [{ id: 'buffer 31' }],
  },
  'typeCast that takes the bytes': {
    sql: {
      sql: 'SELECT name FROM item WHERE id = 1',
      typeCast: (field: { buffer(): Buffer }) => field.buffer(),
    },
    rows: [{ name: 'buffer 6f6e65' }],
  },
  'dates as text': {
    pool: { dateStrings: true },
    sql: 'SELECT day, moment, stamp FROM kind WHERE id = 1',
    rows: [{ day: '2024-02-29', moment: '2026-11-20 10:11:12.123456' }],
  },
  'some dates as text': {
    pool: { dateStrings: ['DATE'] },
    sql: 'SELECT day, moment FROM kind WHERE id = 1',
    rows: [{ day: '2024-02-29' }],
  },
  'dates as text, by option': {
    sql: { sql: 'SELECT made FROM item WHERE id = 1', dateStrings: true },
    rows: [{ made: '2026-01-02 03:04:05.678' }],
  },
  'dates in UTC': {
    pool: { timezone: 'Z' },
    sql: 'SELECT made FROM item WHERE made = ?',
    values: [new Date(MADE)],
    rows: [{ made: `date ${MADE}` }],
  },
  'dates at a distance from UTC': {
    pool: { timezone: '+05:30' },
    sql: 'SELECT made FROM item WHERE id = 1',
    rows: [{ made: `date ${MADE - 5.5 * 3_600_000}` }],
  },
  'impossible dates': {
    sql: "SELECT CAST('0000-00-00' AS DATE) AS a, CAST('2026-00-00 00:00:00' AS DATETIME) AS b",
  },
  'big numbers': {
    pool: { supportBigNumbers: true },
    sql: 'SELECT id, big FROM item WHERE id = 1',
    rows: [{ id: 1, big: '9007199254740993' }],
  },
  'big numbers as text': {
    pool: { supportBigNumbers: true, bigNumberStrings: true },
    sql: 'SELECT big, 5 AS small, CAST(7 AS UNSIGNED) AS seven FROM item WHERE id = 1',
    rows: [{ big: '9007199254740993' }],
  },
  'big numbers, by option': {
    sql: {
      sql: 'SELECT big FROM item WHERE id = 1',
      supportBigNumbers: true,
      bigNumberStrings: true,
    },
    rows: [{ big: '9007199254740993' }],
  },
  'decimals as numbers': {
    pool: { decimalNumbers: true },
    sql: 'SELECT price FROM item WHERE id = 1',
    rows: [{ price: 1.1 }],
  },
  'decimals as numbers, by option': {
    sql: { sql: 'SELECT price FROM item WHERE id = 1', decimalNumbers: true },
  },
  'JSON as text': {
    pool: { jsonStrings: true } as PoolOptions,
    sql: 'SELECT body FROM item WHERE id = 1',
  },
  'without eval': {
    pool: { disableEval: true } as PoolOptions,
    sql: 'SELECT * FROM kind ORDER BY id',
    rows: [{ id: 1 }, { id: 2 }],
  },

  // Answers other than rows.
  'an update': {
    sql: "UPDATE item SET name = 'one' WHERE id = 1",
    rows: { class: 'ResultSetHeader', affectedRows: 1, changedRows: 0 },
  },
  'an update that changes': {
    sql: 'UPDATE item SET big = big + 1 WHERE id = 1; UPDATE item SET big = big - 1 WHERE id = 1',
    rows: [{ changedRows: 1 }, { changedRows: 1 }],
  },
  'an update without FOUND_ROWS': {
    pool: { flags: ['-FOUND_ROWS'] },
    sql: "UPDATE item SET name = 'one' WHERE id = 1",
    rows: { affectedRows: 0 },
  },
  'an id of the application': {
    sql: 'INSERT INTO item (id, name) VALUES (LAST_INSERT_ID(77), NULL) ON DUPLICATE KEY UPDATE id = id; DELETE FROM item WHERE id = 77',
    rows: [{ insertId: 77, affectedRows: 1 }, { affectedRows: 1 }],
  },
  'a delete of nothing': { sql: 'DELETE FROM item WHERE id = 0', rows: { affectedRows: 0 } },
  'a warning': { sql: "DO CAST('x' AS SIGNED)", rows: { warningStatus: 1 } },
  DO: { sql: 'DO 1', rows: { class: 'ResultSetHeader', affectedRows: 0 } },
  DDL: { sql: 'DROP TABLE IF EXISTS nothing_of_this_name', rows: { warningStatus: 1 } },
  'several statements': {
    sql: 'SELECT 1 AS a; SELECT 2 AS b; DO 1',
    rows: [[{ a: 1 }], [{ b: 2 }], { class: 'ResultSetHeader' }],
  },
  'several statements with values': {
    sql: 'SELECT ? AS a; SELECT ? AS b',
    values: [1, 2],
    rows: [[{ a: 1 }], [{ b: 2 }]],
  },
  'a semicolon at the end': { sql: 'SELECT 1 AS a;', rows: [{ a: 1 }] },
  'a procedure': {
    sql: 'CALL twice(3)',
    rows: [[{ n: 3 }], [{ twice: 6 }], { class: 'ResultSetHeader' }],
  },
  'a procedure with a value': { sql: 'CALL twice(?)', values: [3], rows: [[{ n: 3 }], {}, {}] },
  'a procedure with OUT': {
    sql: 'SET @c = 5; CALL give(1, @b, @c); SELECT @b AS b, @c AS c',
    rows: { 2: [{ b: 2, c: 10 }] },
  },
  'an infile stream': {
    ways: QUERIES,
    pool: { infileStreamFactory: rowsOf } as PoolOptions,
    sql: "LOAD DATA LOCAL INFILE '3 rows' REPLACE INTO TABLE app.loaded FIELDS TERMINATED BY ','",
    rows: { class: 'ResultSetHeader', warningStatus: 0 },
  },
  'an infile stream, by option': {
    ways: QUERIES,
    sql: {
      sql: "LOAD DATA LOCAL INFILE '2 rows' REPLACE INTO TABLE app.loaded FIELDS TERMINATED BY ','",
      infileStreamFactory: rowsOf,
    },
    rows: { class: 'ResultSetHeader', warningStatus: 0 },
  },
}
