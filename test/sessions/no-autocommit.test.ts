import type { RowDataPacket } from 'mysql2/promise'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { pause, type Simulation, scaled, simulate } from '../../packages/driver/test/simulation.js'

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate()
  const { cluster } = simulation
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY)')
  await cluster.query('SET GLOBAL autocommit = 0')
})

afterEach(() => simulation.closePools())

describe('on a server whose sessions begin without autocommit', () => {
  it.each([1, 4])(
    'what is committed is seen, with %i connections per instance',
    async (connectionLimit) => {
      const pool = await simulation.readyPool({ connectionLimit })
      for (let turn = 0; turn < 10; turn++) {
        const id = 100 * connectionLimit + turn
        const session = await pool.getConnection()
        await session.query('SELECT COUNT(*) FROM app.note')
        await session.query('INSERT INTO app.note VALUES (?)', [id])
        await session.query('COMMIT')
        session.release()
        // Long enough for readers to be known to have it.
        await pause(scaled(400))
        const other = await pool.getConnection()
        const [rows] = await other.query<RowDataPacket[]>('SELECT id FROM app.note WHERE id = ?', [
          id,
        ])
        expect(rows).toEqual([{ id }])
        await other.query('COMMIT')
        other.release()
      }
    },
  )
})
