import { describe, expect, it } from 'vitest'
import { createMysqldStorage } from '../../../src/storage/mysqld/mysqld-storage.js'
import type { StorageAccounts } from '../../../src/storage/storage.js'

const accounts: StorageAccounts = {
  user: "o'neill",
  readerUser: "o'neill_reader",
  password: 'p\\a\'"ss',
  database: 'my`app',
}

describe('createMysqldStorage', () => {
  it('says what to install when there is no server', async () => {
    await expect(createMysqldStorage(accounts, ['/nowhere'])).rejects.toThrow(
      /mariadbd or mysqld.*install.*mariadb-server-core.*embedded/,
    )
  })

  it('takes names and passwords with every quote, runs SQL with values, and closes twice', async () => {
    const storage = await createMysqldStorage(accounts)
    await storage.query('CREATE TABLE t (v VARCHAR(10))')
    expect(await storage.query('INSERT INTO t VALUES (?)', ['x'])).toEqual([])
    expect(await storage.query('SELECT v, DATABASE() AS d FROM t')).toEqual([
      { v: 'x', d: 'my`app' },
    ])
    await Promise.all([storage.close(), storage.close()])
    await storage.close()
  })
})
