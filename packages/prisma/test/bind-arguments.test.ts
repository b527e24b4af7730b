import mysql from 'mysql2'
import { expect, test } from 'vitest'
import { bindArguments } from '../src/bind-arguments.js'

const text = { scalarType: 'string', arity: 'scalar' } as const

/** What mysql2 sends. */
function sent(sql: string, ...args: unknown[]): string {
  const bound = bindArguments({ sql, args, argTypes: args.map(() => text) })
  return mysql.format(bound.sql, [...(bound.values ?? [])])
}

test.each<[sql: string, args: readonly unknown[], sent: string]>([
  ['SELECT 1', [], 'SELECT 1'],
  ['SELECT "?" AS a', [], 'SELECT "?" AS a'],
  ['SELECT ? LIMIT ?', ['a', 1], "SELECT 'a' LIMIT 1"],
  ["SELECT '?', ?", ['a'], "SELECT '?', 'a'"],
  ['SELECT "?", ?', ['a'], 'SELECT "?", \'a\''],
  ['SELECT "it\'s", ?', ['a'], "SELECT \"it's\", 'a'"],
  ["SELECT 'a\\'?', ?", ['a'], "SELECT 'a\\'?', 'a'"],
  ["SELECT 'it''s ?', ?", ['a'], "SELECT 'it''s ?', 'a'"],
  ['SELECT `a?`, ?', ['a'], "SELECT `a?`, 'a'"],
  ['SELECT `a``?`, ?', ['a'], "SELECT `a``?`, 'a'"],
  ['SELECT ? # is it?\n, ?', ['a', 'b'], "SELECT 'a' # is it?\n, 'b'"],
  ['SELECT ? -- is it?', ['a'], "SELECT 'a' -- is it?"],
  ['SELECT 1--?', [2], 'SELECT 1--2'],
  ['SELECT /* ? */ ?', ['a'], "SELECT /* ? */ 'a'"],
  ["SELECT ? /*app='x%3F'*/", ['a'], "SELECT 'a' /*app='x%3F'*/"],
  ['SELECT /*!80000 ?, */ ?', ['a', 'b'], "SELECT /*!80000 'a', */ 'b'"],
  ['SELECT ?', ['?'], "SELECT '?'"],
  ['SELECT ?, "x", ?', ['?', '$&'], "SELECT '?', \"x\", '$&'"],
  ['UPDATE a SET b = ?', [{ b: 1 }], `UPDATE a SET b = '{"b":1}'`],
  ['SELECT 1 IN (?)', [[1, 2]], "SELECT 1 IN ('[1,2]')"],
])('%s', (sql, args, expected) => {
  expect(sent(sql, ...args)).toBe(expected)
})

test.each([
  ['SELECT ?', 2],
  ['SELECT ?, ?', 1],
  ['SELECT 1', 1],
  ['SELECT "?"', 1],
])('%s with %i values is refused', (sql, count) => {
  const args = Array.from({ length: count }, () => 'secret')
  expect(() => sent(sql, ...args)).toThrow(/placeholder/)
  expect(() => sent(sql, ...args)).not.toThrow(/secret/)
})

// The driver remembers by its text where a statement goes.
test('the text of what Prisma writes itself stays the same from value to value', () => {
  const sql =
    "SELECT `User`.`id` FROM `User` WHERE `User`.`email` LIKE CONCAT('%', ?, '%') LIMIT ? OFFSET ?"
  const args = ['a', '1', '0']
  expect(bindArguments({ sql, args, argTypes: args.map(() => text) }).sql).toBe(sql)
})
