import type { AuroraPool } from 'aurora-mysql2'
import type { RowDataPacket } from 'mysql2'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Simulation, simulate } from '../../packages/driver/test/simulation.js'

interface Closable {
  close(): void
}

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate({ instances: 1 })
})

/** A pool with one idle connection, and that. */
async function open(): Promise<readonly [AuroraPool, Closable]> {
  const pool = simulation.callbackPool()
  await pool.aurora.ready()
  const cores: Closable[] = []
  pool.on('connection', (core) => cores.push(core as unknown as Closable))
  await pool.promise().query('DO 1')
  return [pool, cores.at(-1) as Closable]
}

describe('a connection that mysql2 has closed, and that has not said so', () => {
  it('does not keep a statement without a callback from its answer', async () => {
    const [pool, core] = await open()
    core.close()
    const rows: RowDataPacket[] = []
    await new Promise((resolve, reject) => {
      const command = pool.query('SELECT 2 AS two')
      command.on('result', (row: RowDataPacket) => rows.push(row))
      command.on('error', reject)
      command.on('end', resolve)
    })
    expect(rows).toEqual([{ two: 2 }])
  })
})
