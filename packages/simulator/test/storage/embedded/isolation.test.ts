import fc from 'fast-check'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import type { Storage } from '../../../src/storage/storage.js'
import { errnoOf, logIn, openStorage } from './open-storage.js'

async function balances(connection: Connection): Promise<readonly number[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT balance FROM account ORDER BY id')
  return rows.map((row) => row.balance as number)
}

async function openAccounts(count = 3): Promise<Storage> {
  const storage = await openStorage()
  await storage.query('CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL)')
  for (let id = 1; id <= count; id++) {
    await storage.query('INSERT INTO account VALUES (?, 100)', [id])
  }
  return storage
}

describe('sessions beside each other', () => {
  it('do not see what another has not committed', async () => {
    const storage = await openAccounts()
    const writer = await logIn(storage)
    const reader = await logIn(storage)
    await writer.beginTransaction()
    await writer.query('UPDATE account SET balance = 0 WHERE id = 1')
    await writer.query('DELETE FROM account WHERE id = 2')
    expect(await balances(reader)).toEqual([100, 100, 100])
    expect(await balances(writer)).toEqual([0, 100])
    await writer.commit()
    expect(await balances(reader)).toEqual([0, 100])
  })

  it('read within a transaction what they read first', async () => {
    const storage = await openAccounts()
    const writer = await logIn(storage)
    const reader = await logIn(storage)
    await reader.beginTransaction()
    expect(await balances(reader)).toEqual([100, 100, 100])
    await writer.query('UPDATE account SET balance = 1 WHERE id = 1')
    await writer.query('UPDATE account SET balance = 2 WHERE id = 2')
    expect(await balances(reader)).toEqual([100, 100, 100])
    await reader.commit()
    expect(await balances(reader)).toEqual([1, 2, 100])
  })

  it('read the newest state at each statement under READ COMMITTED', async () => {
    const storage = await openAccounts()
    const writer = await logIn(storage)
    const reader = await logIn(storage)
    await reader.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
    await reader.beginTransaction()
    expect(await balances(reader)).toEqual([100, 100, 100])
    await writer.query('UPDATE account SET balance = 1 WHERE id = 1')
    expect(await balances(reader)).toEqual([1, 100, 100])
    await reader.commit()
  })

  it('start their snapshot when WITH CONSISTENT SNAPSHOT says so', async () => {
    const storage = await openAccounts()
    const writer = await logIn(storage)
    const reader = await logIn(storage)
    await reader.query('START TRANSACTION WITH CONSISTENT SNAPSHOT')
    await writer.query('UPDATE account SET balance = 1 WHERE id = 1')
    expect(await balances(reader)).toEqual([100, 100, 100])
  })

  it('keep each snapshot through any number of later commits', async () => {
    const storage = await openAccounts()
    const writer = await logIn(storage)
    const readers: Connection[] = []
    for (let version = 0; version < 4; version++) {
      const reader = await logIn(storage)
      readers.push(reader)
      await reader.query('START TRANSACTION WITH CONSISTENT SNAPSHOT')
      await writer.query('UPDATE account SET balance = balance + 1 WHERE id = 1')
    }
    for (const [version, reader] of readers.entries()) {
      expect(await balances(reader)).toEqual([100 + version, 100, 100])
    }
  })

  it('are told when a table has changed under their snapshot', async () => {
    const storage = await openAccounts()
    const reader = await logIn(storage)
    await reader.query('START TRANSACTION WITH CONSISTENT SNAPSHOT')
    await storage.query('ALTER TABLE account ADD COLUMN note VARCHAR(10)')
    expect(await errnoOf(reader.query('SELECT * FROM account'))).toBe(1412)
  })

  it('make no reader wait for a writer', async () => {
    const storage = await openAccounts()
    const writer = await logIn(storage)
    const reader = await logIn(storage)
    await writer.query('BEGIN')
    await writer.query('UPDATE account SET balance = 0')
    await reader.query('SET innodb_lock_wait_timeout = 0')
    expect(await balances(reader)).toEqual([100, 100, 100])
  })
})

describe('writers', () => {
  it('wait for each other, in order, without holding up the process', async () => {
    const storage = await openAccounts()
    const first = await logIn(storage)
    const waiting = [await logIn(storage), await logIn(storage), await logIn(storage)]
    await first.query('BEGIN')
    await first.query('UPDATE account SET balance = 1 WHERE id = 1')
    const order: number[] = []
    const writes = waiting.map(async (connection, index) => {
      await connection.query('UPDATE account SET balance = balance * 10 + ? WHERE id = 1', [index])
      order.push(index)
    })
    expect(await balances(await logIn(storage))).toEqual([100, 100, 100])
    expect(order).toEqual([])
    await first.query('COMMIT')
    await Promise.all(writes)
    expect(order).toEqual([0, 1, 2])
    expect(await balances(first)).toEqual([1012, 100, 100])
  })

  it('get 1205 when the wait is too long, and keep what they had done', async () => {
    const storage = await openAccounts()
    const holder = await logIn(storage)
    const waiter = await logIn(storage)
    await waiter.query('SET innodb_lock_wait_timeout = 1')
    await holder.query('BEGIN')
    await holder.query('SELECT * FROM account WHERE id = 1 FOR UPDATE')
    const error = await waiter.query('UPDATE account SET balance = 0').catch((thrown) => thrown)
    expect(error).toMatchObject({ errno: 1205, code: 'ER_LOCK_WAIT_TIMEOUT', sqlState: 'HY000' })
    await holder.query('ROLLBACK')
    await waiter.query('UPDATE account SET balance = 5 WHERE id = 3')
    expect(await balances(holder)).toEqual([100, 100, 5])
  })

  it('free the lock when their connection is lost, and undo what was open', async () => {
    const storage = await openAccounts()
    const lost = await logIn(storage)
    const next = await logIn(storage)
    await lost.query('BEGIN')
    await lost.query('UPDATE account SET balance = 0')
    const write = next.query('UPDATE account SET balance = balance + 1 WHERE id = 1')
    lost.destroy()
    await write
    expect(await balances(next)).toEqual([101, 100, 100])
  })

  it('that are lost while they wait leave the line', async () => {
    const storage = await openAccounts()
    const [holder, lost, next] = [await logIn(storage), await logIn(storage), await logIn(storage)]
    await holder.query('BEGIN')
    await holder.query('UPDATE account SET balance = 1 WHERE id = 1')
    lost.query('UPDATE account SET balance = -1').catch(() => undefined)
    const write = next.query('UPDATE account SET balance = balance + 1 WHERE id = 1')
    await balances(next === undefined ? holder : await logIn(storage))
    lost.destroy()
    await holder.query('COMMIT')
    await write
    expect(await balances(holder)).toEqual([2, 100, 100])
  })

  it('can be killed by another session of the same user', async () => {
    const storage = await openAccounts()
    const [holder, waiter, killer] = [
      await logIn(storage),
      await logIn(storage),
      await logIn(storage),
    ]
    await holder.query('BEGIN')
    await holder.query('UPDATE account SET balance = 1 WHERE id = 1')
    const write = errnoOf(waiter.query('UPDATE account SET balance = 2'))
    await killer.query(`KILL QUERY ${waiter.threadId}`)
    expect(await write).toBe(1317)
    const closed = new Promise((resolve) => holder.on('error', resolve))
    await killer.query(`KILL ${holder.threadId}`)
    await closed
    await waiter.query('UPDATE account SET balance = 3 WHERE id = 1')
    expect(await balances(waiter)).toEqual([3, 100, 100])
    expect(await errnoOf(killer.query('KILL 999999'))).toBe(1094)
  })

  it('lose none of each other’s changes, whatever the order', async () => {
    const transfer = fc.record({
      session: fc.integer({ min: 0, max: 3 }),
      from: fc.integer({ min: 1, max: 3 }),
      to: fc.integer({ min: 1, max: 3 }),
      amount: fc.integer({ min: 1, max: 50 }),
      ending: fc.constantFrom('COMMIT', 'ROLLBACK', 'lost'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(transfer, { maxLength: 12 }), async (transfers) => {
        const storage = await openAccounts()
        const expected = [100, 100, 100]
        const lines: Promise<void>[] = [0, 1, 2, 3].map(() => Promise.resolve())
        for (const { session, from, to, amount, ending } of transfers) {
          if (ending === 'COMMIT') {
            expected[from - 1] = (expected[from - 1] as number) - amount
            expected[to - 1] = (expected[to - 1] as number) + amount
          }
          lines[session] = (lines[session] as Promise<void>).then(async () => {
            const connection = await logIn(storage)
            await connection.query('BEGIN')
            const before = await balances(connection)
            expect(before.reduce((sum, balance) => sum + balance, 0)).toBe(300)
            const sql = 'UPDATE account SET balance = balance + ? WHERE id = ?'
            await connection.execute(sql, [-amount, from])
            await connection.execute(sql, [amount, to])
            if (ending === 'lost') connection.destroy()
            else await connection.query(ending)
            if (ending !== 'lost') await connection.end()
          })
        }
        await Promise.all(lines)
        expect(await balances(await logIn(storage))).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })
})
