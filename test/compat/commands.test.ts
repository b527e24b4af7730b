import { once } from 'node:events'
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2'
import { beforeEach, describe, expect, it } from 'vitest'
import { connectionOf, DRIVERS, useBench } from './drivers.js'
import { visible } from './visible.js'

const bench = useBench({}, async (cluster) => {
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text LONGTEXT)')
})

const MANY = "SELECT seq, REPEAT('x', 500) AS text FROM seq_1_to_5000"

interface Runs {
  query: Pool['query']
}

/** What is thrown where nobody can catch it, while `work` runs and a moment longer. */
async function uncaught(work: () => Promise<void>): Promise<unknown[]> {
  const thrown: unknown[] = []
  const others = process.listeners('uncaughtException')
  const listen = (error: unknown) => thrown.push(visible(error))
  for (const other of others) process.removeListener('uncaughtException', other)
  process.on('uncaughtException', listen)
  try {
    await work()
    await new Promise((resolve) => setTimeout(resolve, 50))
  } finally {
    process.removeListener('uncaughtException', listen)
    for (const other of others) process.on('uncaughtException', other)
  }
  return thrown
}

describe.each(DRIVERS)('a command of %s', (name) => {
  let pool: Pool
  let session: PoolConnection

  beforeEach(async () => {
    pool = await bench().pool(name, { connectionLimit: 2 })
    session = await connectionOf(pool)
    return () => session.release()
  })

  const both = (): readonly (readonly [string, Runs])[] => [
    ['pool', pool],
    ['session', session],
  ]

  it('gives its rows as a stream, as slowly as they are read', async () => {
    for (const [, on] of both()) {
      let next = 1
      for await (const row of on.query(MANY).stream({ highWaterMark: 5 })) {
        expect((row as RowDataPacket).seq).toBe(next++)
        if (next % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      expect(next).toBe(5001)
    }
  })

  it('may be left in the middle of its stream, and the next is answered', async () => {
    for (const [, on] of both()) {
      for await (const row of on.query(MANY).stream()) {
        if ((row as RowDataPacket).seq === 10) break
      }
      const rows = await new Promise((resolve) =>
        on.query('SELECT 1 AS a', (_error, answer) => resolve(answer)),
      )
      expect(rows).toEqual([{ a: 1 }])
    }
  })

  it('tells the columns before the rows, on the stream too', async () => {
    for (const [, on] of both()) {
      const stream = on.query('SELECT 1 AS a').stream()
      const heard: unknown[] = []
      stream.on('fields', (fields: { name: string }[]) =>
        heard.push(fields.map((each) => each.name)),
      )
      stream.on('data', (row) => heard.push({ ...row }))
      await once(stream, 'close')
      expect(heard).toEqual([['a'], { a: 1 }])
    }
  })

  it('may be paused and resumed on its session', async () => {
    let rows = 0
    const command = session.query(MANY)
    command.on('result', () => {
      rows++
      if (rows === 100) {
        session.pause()
        setTimeout(() => session.resume(), 20)
      }
    })
    await once(command, 'end')
    expect(rows).toBe(5000)
  })

  it('whose error nobody hears does no harm', async () => {
    const thrown = await uncaught(async () => {
      pool.query('SELEKT 1')
      await new Promise((resolve) => setTimeout(resolve, 100))
    })
    expect(thrown).toEqual([])
    expect((await pool.promise().query('SELECT 1 AS a'))[0]).toEqual([{ a: 1 }])
  })

  it('whose callback throws throws where the process sees it, and the pool goes on', async () => {
    const thrown = await uncaught(async () => {
      pool.query('SELECT 1', () => {
        throw new Error('Of the application')
      })
      await new Promise((resolve) => setTimeout(resolve, 100))
    })
    expect(thrown).toMatchObject([{ message: 'Of the application' }])
    expect((await pool.promise().query('SELECT 1 AS a'))[0]).toEqual([{ a: 1 }])
  })

  it('runs on although an idle connection was closed by the server meanwhile', async () => {
    const other = await bench().pool(name, { connectionLimit: 1 })
    const thrown = await uncaught(async () => {
      await other.promise().query('DO 1')
      const before = await bench().cluster.query('SHOW PROCESSLIST')
      for (const { Id, User, Command } of before) {
        if (User === 'app' && Command === 'Sleep') {
          await bench()
            .cluster.query(`KILL ${Id}`)
            .catch(() => {})
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect((await other.promise().query('SELECT 1 AS a'))[0]).toEqual([{ a: 1 }])
    })
    expect(thrown).toEqual([])
  })
})
