import { describe, expect, it } from 'vitest'
import type { AuroraAnswers } from '../../src/sql/aurora-answers.js'
import { rewriteAuroraSql } from '../../src/sql/rewrite-aurora-sql.js'

const answers: AuroraAnswers = {
  serverId: 'i-1',
  isReadOnly: true,
  version: '3.10.0',
  hostStatusSql: () => 'ROWS',
}
const table = 'information_schema.replica_host_status'

describe('rewriteAuroraSql', () => {
  it.each([
    [`SELECT * FROM ${table}`, 'SELECT * FROM (ROWS) AS replica_host_status'],
    [`SELECT * FROM ${table};`, 'SELECT * FROM (ROWS) AS replica_host_status;'],
    [`select a.b from ${table.toUpperCase()} a`, 'select a.b from (ROWS) a'],
    [`SELECT 1 FROM ${table} AS h WHERE h.x`, 'SELECT 1 FROM (ROWS) AS h WHERE h.x'],
    [
      `SELECT 1 FROM ${table} WHERE x = 1`,
      'SELECT 1 FROM (ROWS) AS replica_host_status WHERE x = 1',
    ],
    [`SELECT 1 FROM a, ${table} LIMIT 1`, 'SELECT 1 FROM a, (ROWS) AS replica_host_status LIMIT 1'],
    [
      `SELECT (SELECT MAX(cpu) FROM ${table})`,
      'SELECT (SELECT MAX(cpu) FROM (ROWS) AS replica_host_status)',
    ],
    [
      `SELECT ${table}.cpu FROM ${table}`,
      'SELECT replica_host_status.cpu FROM (ROWS) AS replica_host_status',
    ],
    ['SELECT 1 FROM `information_schema` . `replica_host_status` `h`', 'SELECT 1 FROM (ROWS) `h`'],
    ['SELECT 1 FROM replica_host_status', 'SELECT 1 FROM (ROWS) AS replica_host_status'],
    ['SELECT @@aurora_server_id', "SELECT 'i-1'"],
    ['SELECT @@session.aurora_server_id, @@GLOBAL.Innodb_Read_Only', "SELECT 'i-1', 00001"],
    ['SELECT aurora_version ( ), @@aurora_version', "SELECT '3.10.0', '3.10.0'"],
    ['/*!80000 SELECT @@aurora_server_id */', "/*!80000 SELECT 'i-1' */"],
    [
      "SHOW VARIABLES LIKE 'aurora_version'",
      "SELECT 'aurora_version' AS Variable_name, '3.10.0' AS Value",
    ],
    [
      "show global variables like 'INNODB_READ_ONLY';",
      "SELECT 'innodb_read_only' AS Variable_name, 'ON' AS Value",
    ],
    [
      "SHOW VARIABLES LIKE 'aurora%'",
      "SELECT 'aurora_server_id' AS Variable_name, 'i-1' AS Value UNION ALL SELECT 'aurora_version' AS Variable_name, '3.10.0' AS Value",
    ],
    [
      "SHOW VARIABLES WHERE Variable_name = 'aurora_version'",
      "SELECT 'aurora_version' AS Variable_name, '3.10.0' AS Value",
    ],
  ])('%s', (sql, expected) => {
    expect(rewriteAuroraSql(sql, answers)?.sql).toBe(expected)
  })

  it.each([
    'SELECT 1',
    'SELECT \'replica_host_status\', "@@aurora_server_id"',
    "SELECT 'it''s @@aurora_server_id', 'a\\'@@aurora_server_id'",
    'SELECT 1 -- @@aurora_server_id',
    'SELECT 1 # aurora_version()\n',
    'SELECT /* @@innodb_read_only */ 1',
    'SELECT aurora_version FROM t',
    'SELECT replica_host_status.x FROM t AS replica_host_status',
    'SELECT innodb_read_only FROM t',
    "SHOW VARIABLES LIKE 'innodb%'",
    "SHOW VARIABLES LIKE 'max_connections'",
    "SELECT '@@aurora_server_id",
  ])('leaves %s alone', (sql) => {
    expect(rewriteAuroraSql(sql, answers)).toBeUndefined()
  })

  it('tells which column names to put back, and whether the topology is asked for', () => {
    const rewritten = rewriteAuroraSql(`SELECT @@aurora_server_id FROM ${table}`, answers)
    expect([...(rewritten?.columnNames ?? [])]).toEqual([["'i-1'", '@@aurora_server_id']])
    expect(rewritten?.asksTopology).toBe(true)
    expect(rewriteAuroraSql('SELECT @@aurora_server_id', answers)?.asksTopology).toBe(false)
  })
})
