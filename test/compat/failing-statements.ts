import type { PoolOptions } from 'mysql2'
import type { Statement } from './statements.js'
import { QUERIES } from './ways.js'

/** Statements that fail, by name, with what their error must carry. */
export const FAILING_STATEMENTS: Readonly<Record<string, Statement>> = {
  'a syntax error': {
    sql: 'SELEKT 1',
    error: { code: 'ER_PARSE_ERROR', errno: 1064, sqlState: '42000', sql: 'SELEKT 1' },
  },
  'an unknown table': {
    sql: 'SELECT * FROM nothing',
    error: { code: 'ER_NO_SUCH_TABLE', errno: 1146, sqlState: '42S02' },
  },
  'an unknown column, with a value': {
    sql: 'SELECT nothing FROM item WHERE id = ?',
    values: [1],
    error: { code: 'ER_BAD_FIELD_ERROR', sql: 'SELECT nothing FROM item WHERE id = 1' },
  },
  'an unknown schema': { sql: 'USE nowhere', error: { code: 'ER_BAD_DB_ERROR' } },
  'a duplicate': {
    sql: "INSERT INTO item (id, name) VALUES (1, 'x')",
    error: { code: 'ER_DUP_ENTRY', errno: 1062, sqlState: '23000' },
  },
  'a missing parent': {
    sql: 'INSERT INTO item (id, parent) VALUES (50, 49)',
    error: { code: 'ER_NO_REFERENCED_ROW_2' },
  },
  'a parent that is needed': {
    sql: 'DELETE FROM item WHERE id = 1',
    error: { code: 'ER_ROW_IS_REFERENCED_2' },
  },
  'too long a value': {
    sql: "UPDATE item SET name = REPEAT('x', 100) WHERE id = 1",
    error: { code: 'ER_DATA_TOO_LONG' },
  },
  'an error of the application': {
    sql: 'CALL refuse()',
    error: { errno: 5555, sqlState: '45000', sqlMessage: 'No, not this' },
  },
  'an error in the second statement': {
    sql: 'SELECT 1 AS a; SELEKT 2; SELECT 3',
    error: { code: 'ER_PARSE_ERROR' },
  },
  'an error while rows are read': {
    sql: 'SELECT seq, (SELECT 1 UNION SELECT seq) AS one FROM seq_1_to_5',
    error: { code: 'ER_SUBQUERY_NO_1_ROW' },
  },
  'several statements without the option': {
    pool: { multipleStatements: false },
    sql: 'SELECT 1; SELECT 2',
    error: { code: 'ER_PARSE_ERROR' },
  },
  'a write in a transaction that reads only': {
    pool: { multipleStatements: true },
    sql: 'START TRANSACTION READ ONLY; DELETE FROM loaded; COMMIT',
    error: { errno: 1792 },
  },
  'a text that is empty': { sql: '', error: { code: 'ER_EMPTY_QUERY' } },
  'an infile without a stream': {
    ways: QUERIES,
    sql: "LOAD DATA LOCAL INFILE 'x' INTO TABLE app.loaded",
    error: { class: 'Error' },
  },
  'a typeCast that throws': {
    sql: {
      sql: 'SELECT id FROM item WHERE id = 1',
      typeCast: () => {
        throw new Error('Not this one')
      },
    },
    error: {},
  },
  'a function of the server that is not there': {
    pool: { flags: ['-PLUGIN_AUTH_LENENC_CLIENT_DATA'] } as PoolOptions,
    sql: 'SELECT no_such_function(1)',
    error: { sqlState: '42000' },
  },
}
