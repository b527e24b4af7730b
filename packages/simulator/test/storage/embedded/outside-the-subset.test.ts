import { describe, expect, it } from 'vitest'
import { errnoOf, logIn, openStorage } from './open-storage.js'

const TABLE =
  "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), size ENUM('s', 'l'), at DATETIME, doc JSON)"

/** MySQL would answer each of these; a storage that cannot must say so, and never answer otherwise. */
const unsupported = [
  'SELECT ROW_NUMBER() OVER () FROM t',
  'SELECT SUM(id) OVER (PARTITION BY name) FROM t',
  "SELECT name REGEXP 'a' FROM t",
  "SELECT doc->'$.a' FROM t",
  "SELECT JSON_EXTRACT(doc, '$.a') FROM t",
  'SELECT name, COUNT(*) FROM t GROUP BY name WITH ROLLUP',
  'SELECT * FROM t NATURAL JOIN t AS u',
  'SELECT id FROM t WHERE id > ALL (SELECT 1)',
  'SELECT id FROM t WHERE id = ANY (SELECT 1)',
  "SELECT id FROM t WHERE MATCH (name) AGAINST ('x')",
  'SELECT @a := 1',
  'SELECT id INTO @x FROM t',
  "SELECT b'101'",
  "SELECT _latin1'x'",
  "SELECT CONVERT('x' USING latin1)",
  "SELECT 'a' COLLATE latin1_swedish_ci",
  'SELECT size + 0 FROM t',
  'SELECT at + 1 FROM t',
  'SELECT NOW() + 0',
  'SELECT id FROM t WHERE id IN (SELECT id FROM t LIMIT 1)',
  'SELECT SLEEP(0.01) FROM t',
  'SELECT id FROM t FOR UPDATE SKIP LOCKED',
  'SELECT 12345678901234567890',
  "SELECT GET_LOCK('a', 1) FROM t",
  "SELECT DATE_FORMAT(NOW(), '%U')",
  'SELECT 1.5 / 2.5 * 3',
  'SELECT CONCAT(ROUND(1.5e0, 1))',
  "SELECT GREATEST('10', 9)",
  'SELECT id FROM t ORDER BY COUNT(*)',
  'TABLE t',
  'VALUES ROW(1)',
  'EXPLAIN SELECT 1',
  'CREATE VIEW v AS SELECT 1',
  'CREATE TABLE u AS SELECT 1',
  'CREATE TABLE u LIKE t',
  'CREATE TEMPORARY TABLE u (id INT)',
  'CREATE TABLE u (id INT, x INT GENERATED ALWAYS AS (id + 1))',
  'CREATE TABLE u (id INT, CHECK (id > 0))',
  'CREATE TABLE u (name VARCHAR(200), KEY (name(10)))',
  'CREATE TABLE u (id BIT(3))',
  'CREATE TABLE u (id INT) PARTITION BY HASH (id)',
  'CREATE TABLE T (id INT)',
  'CREATE PROCEDURE p() SELECT 1',
  'CREATE USER someone',
  'ALTER TABLE t MODIFY name TEXT',
  'ALTER TABLE t ADD COLUMN x INT FIRST',
  'UPDATE t, t AS u SET t.id = 1',
  'UPDATE t SET id = 5, name = id',
  'DELETE t FROM t JOIN t AS u',
  'INSERT INTO t (id, name) VALUES (1, id)',
  'CALL p()',
  'LOCK TABLES t READ',
  "LOAD DATA LOCAL INFILE 'x' INTO TABLE t",
  "PREPARE s FROM 'SELECT 1'",
  'XA START 1',
  'HANDLER t OPEN',
  'ANALYZE TABLE t',
  'FLUSH TABLES',
  'GRANT SELECT ON app.* TO app',
  'SHOW CREATE TABLE t',
  'SHOW STATUS',
  'SHOW PROCESSLIST',
  'SELECT @@nothing_of_the_kind',
  "SET time_zone = '+02:00'",
  "SET sql_mode = ''",
  "SET sql_mode = 'ANSI_QUOTES'",
  'SET foreign_key_checks = 0',
  'SET NAMES latin1',
]

describe('what is outside the subset', () => {
  it.each(unsupported)('%s is refused with 1235, naming it', async (sql) => {
    const connection = await logIn(await openStorage())
    await connection.query(TABLE)
    const error = await connection.query(sql).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ errno: 1235, sqlState: '42000', code: 'ER_NOT_SUPPORTED_YET' })
    expect((error as Error).message).toMatch(/doesn't yet support '.+'$/)
  })

  it('leaves the session as it was', async () => {
    const connection = await logIn(await openStorage())
    await connection.query(TABLE)
    await connection.beginTransaction()
    await connection.query("INSERT INTO t (name) VALUES ('kept')")
    expect(await errnoOf(connection.query('UPDATE t, t AS u SET t.id = 1'))).toBe(1235)
    await connection.commit()
    const [rows] = await connection.query('SELECT name FROM t')
    expect(rows).toEqual([{ name: 'kept' }])
  })

  it('tells what is no SQL at all from what it does not know', async () => {
    const connection = await logIn(await openStorage())
    for (const sql of [
      'SELEC 1',
      'SELECT FROM t',
      'SELECT 1,',
      "SELECT 'open",
      'INSERT t VALUE',
      '(',
    ]) {
      const error = await connection.query(sql).catch((thrown: unknown) => thrown)
      expect({ sql, error }).toMatchObject({ sql, error: { errno: 1064, sqlState: '42000' } })
    }
  })

  it('refuses values that the engine could keep only inexactly', async () => {
    const connection = await logIn(await openStorage())
    await connection.query('CREATE TABLE n (d DECIMAL(30, 2), u BIGINT UNSIGNED)')
    expect(
      await errnoOf(connection.query("INSERT INTO n (d) VALUES ('123456789012345678.90')")),
    ).toBe(1235)
    expect(
      await errnoOf(connection.query("INSERT INTO n (u) VALUES ('9223372036854775808')")),
    ).toBe(1235)
    await connection.query("INSERT INTO n VALUES ('90071992547409.93', '9223372036854775807')")
    const [rows] = await connection.query({
      sql: 'SELECT d, u + 0 AS u FROM n',
      bigNumberStrings: true,
      supportBigNumbers: true,
    } as never)
    expect(rows).toEqual([{ d: '90071992547409.93', u: '9223372036854775807' }])
  })
})
