import type { Connection as CallbackConnection, PrepareStatementInfo } from 'mysql2'
import type { Connection } from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import { DRIVERS, type DriverName, useBench } from './drivers.js'

const bench = useBench()

const STATEMENTS = 20

/** Something that statements are prepared on, and how it is put away. */
const ways = {
  'a connection': async (name: DriverName): Promise<[Connection, () => unknown]> => {
    const driver = bench().driver(name)
    const connection = await driver.mysqlPromise.createConnection(driver.target)
    return [connection, () => connection.end()]
  },
  'a session of a pool': async (name: DriverName): Promise<[Connection, () => unknown]> => {
    const session = await (await bench().promisePool(name)).getConnection()
    return [session, () => session.release()]
  },
} as const

/** The same in the callback API; the typings hide it. */
function coreOf(connection: Connection): CallbackConnection {
  return (connection as unknown as { readonly connection: CallbackConnection }).connection
}

/** How many prepared statements the server keeps, for all its connections. */
async function keptByServer(): Promise<number> {
  const [row] = await bench().cluster.query("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'")
  return Number(row?.Value)
}

/** What the work leaves there, once what it has sent has come. */
async function leftBy(work: () => Promise<void>): Promise<number> {
  const before = await keptByServer()
  await work()
  let left = 0
  for (let look = 0; look < 100; look++) {
    left = (await keptByServer()) - before
    if (left === 0) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return left
}

describe.each(DRIVERS)('%s', (name) => {
  describe.each(['a connection', 'a session of a pool'] as const)('on %s', (way) => {
    it('closes on the server what is closed, wherever it was prepared', async () => {
      const [connection, done] = await ways[way](name)
      await connection.query('SELECT 1')
      const left = await leftBy(async () => {
        for (let turn = 0; turn < STATEMENTS; turn++) {
          const statement = await connection.prepare(`SELECT ? AS a, ${turn}`)
          await statement.execute([1])
          await connection.query('DO 0')
          await connection.query('SELECT 1')
          await statement.close()
        }
      })
      expect(left).toBe(0)
      await done()
    })

    it('forgets what is told by its text', async () => {
      const [connection, done] = await ways[way](name)
      const left = await leftBy(async () => {
        for (let turn = 0; turn < STATEMENTS; turn++) {
          await connection.execute(`SELECT ? AS a, ${turn}`, [1])
          connection.unprepare(`SELECT ? AS a, ${turn}`)
        }
      })
      expect(left).toBe(0)
      await done()
    })

    it('runs what was issued before a statement is closed', async () => {
      const [connection, done] = await ways[way](name)
      const heard: unknown[] = []
      const left = await leftBy(async () => {
        const statement = await new Promise<PrepareStatementInfo>((resolve, reject) =>
          coreOf(connection).prepare('SELECT ? AS a', (error, prepared) =>
            error ? reject(error) : resolve(prepared),
          ),
        )
        await new Promise<void>((resolve) => {
          const hear = (error: unknown, rows: unknown) => {
            heard.push(error ?? rows)
            if (heard.length === 2) resolve()
          }
          statement.execute([1], hear)
          statement.execute([2], hear)
          statement.close()
        })
      })
      expect(heard).toEqual([[{ a: 1 }], [{ a: 2 }]])
      expect(left).toBe(0)
      await done()
    })

    it('is held up and goes on when told to', async () => {
      const [connection, done] = await ways[way](name)
      const answered = connection.query('SELECT 1 AS a')
      connection.pause()
      connection.resume()
      expect((await answered)[0]).toEqual([{ a: 1 }])
      await done()
    })

    it('runs nothing any more when it is closed', async () => {
      const [connection] = await ways[way](name)
      await connection.query('SELECT 1')
      ;(connection as unknown as { close(): void }).close()
      await expect(connection.query('SELECT 2')).rejects.toMatchObject({
        message: "Can't add new command when connection is in closed state",
      })
    })
  })
})
