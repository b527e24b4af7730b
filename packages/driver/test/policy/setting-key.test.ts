import { expect, it } from 'vitest'
import { settingKey } from '../../src/policy/setting-key.js'

it.each([
  ['USE app', 'USE'],
  ['use `my app`;', 'USE'],
  ['SET NAMES utf8mb4', 'NAMES'],
  ["set names 'utf8mb4' collate 'utf8mb4_bin'", 'NAMES'],
  ["SET time_zone = '+00:00'", 'time_zone'],
  ["SET SESSION Time_Zone := '+00:00';", 'time_zone'],
  ['SET @@session.sql_mode = DEFAULT', 'sql_mode'],
  ['SET @@lock_wait_timeout=5', 'lock_wait_timeout'],
  ['SET LOCAL foreign_key_checks = 0', 'foreign_key_checks'],
])('%s sets one thing', (text, key) => {
  expect(settingKey(text)).toBe(key)
})

it.each([
  // Several things at once.
  'SET a = 1, b = 2',
  'SET a = 1; SELECT 2',
  'USE a; USE b',
  // What it sets depends on the session, or on its sql_mode.
  'SET time_zone = @zone',
  'SET sql_mode = CONCAT(@@sql_mode, 1)',
  'SET a = "b"',
  "SET a = 'it\\'s'",
  // Other statements.
  'SET TRANSACTION READ ONLY',
  'SET CHARACTER SET utf8mb4',
  'SET @a = 1',
  'SET GLOBAL a = 1',
  'SELECT 1',
  '/* a */ SET a = 1',
])('%s has no key', (text) => {
  expect(settingKey(text)).toBeUndefined()
})
