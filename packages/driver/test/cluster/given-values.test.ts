import type { RowDataPacket } from 'mysql2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, type Simulation, simulate } from '../simulation.js'

let simulation: Simulation

beforeEach(async () => {
  simulation = await simulate({ instances: 2 })
})

afterEach(async () => {
  await simulation.closePools()
  await simulation.cluster.close()
})

/** The application's own way to put values in, which would take `:text` for a value once more. */
function byName(sql: string, values: Record<string, unknown> | undefined): string {
  return sql.replaceAll(/:(\w+)/g, (_, name) => `'${values?.[name]}'`)
}

describe('a read that runs again, its connection lost', () => {
  // As text: what older versions of mysql2 bind bytes as comes back as a text.
  const READ = 'SELECT ? AS text, HEX(?) AS bytes'

  it.each(['query', 'execute'] as const)('%s: has the values of the call', async (method) => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    const bytes = Buffer.from('given')
    const values: [string, Buffer] = ['why? :text ??', bytes]
    const ask = () =>
      method === 'query'
        ? pool.query<RowDataPacket[]>(READ, values)
        : pool.execute<RowDataPacket[]>(READ, values)
    const rows = await loseOnce(ask, () => {
      values[0] = 'later'
      bytes.write('later')
    })
    expect(rows).toEqual([
      { text: 'why? :text ??', bytes: Buffer.from('given').toString('hex').toUpperCase() },
    ])
  })

  it('values by name: they are put in once', async () => {
    const pool = await simulation.readyPool({
      namedPlaceholders: true,
      aurora: { consistency: 'eventual' },
    })
    const values = { text: 'why? :text ??' }
    const ask = () => pool.query<RowDataPacket[]>('SELECT :text AS text', values)
    const rows = await loseOnce(ask, () => {
      values.text = 'later'
    })
    expect(rows).toEqual([{ text: 'why? :text ??' }])
  })

  it('queryFormat: is given the values of the call each time', async () => {
    const pool = await simulation.readyPool({
      queryFormat: byName,
      aurora: { consistency: 'eventual' },
    })
    const values = { text: 'a :text' }
    const ask = () => pool.query<RowDataPacket[]>('SELECT :text AS text', values)
    const rows = await loseOnce(ask, () => {
      values.text = 'later'
    })
    expect(rows).toEqual([{ text: 'a :text' }])
  })

  /** Asks the reader, changes what was given once the call is over, and crashes the reader under way. */
  async function loseOnce(
    ask: () => Promise<[RowDataPacket[], unknown]>,
    change: () => void,
  ): Promise<unknown> {
    const { cluster } = simulation
    const [reader] = cluster.readers
    const id = String(reader?.id)
    await ask()
    await cluster.inject({ type: 'slow', instance: id, delayMs: 2_000 })
    const before = counted(id)
    const asking = ask()
    change()
    await eventually('the reader has it', () => counted(id) > before)
    await cluster.crash(id)
    const [rows] = await asking
    return rows
  }

  function counted(id: string): number {
    return simulation.cluster.instances.find((each) => each.id === id)?.counters.statements ?? 0
  }
})

describe('a statement that waits for a connection', () => {
  it('has the values of the call', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    const sleeping = pool.query('DO SLEEP(0.2)')
    const bytes = Buffer.from('given')
    const asking = pool.writer.query<RowDataPacket[]>('SELECT ? AS bytes', [bytes])
    bytes.write('later')
    await sleeping
    const [rows] = await asking
    expect(rows).toEqual([{ bytes: Buffer.from('given') }])
  })
})
