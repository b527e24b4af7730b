import { type EventEmitter, once } from 'node:events'
import type { Connection } from 'mysql2'
import { describe, expect, it, vi } from 'vitest'
import { pause } from '../../packages/driver/test/simulation.js'
import { DRIVERS, type Driver, useBench } from './drivers.js'

const bench = useBench()

type Hear = (what: string) => (error?: { readonly code?: string } | null) => void

type Use = (connection: Connection, hear: Hear) => void

/** What an application does in the turn in which it makes a connection; `hear` makes callbacks. */
const uses: Readonly<Record<string, Use>> = {
  nothing: () => {},
  'a query with a callback': (connection, hear) => {
    connection.query('SELECT 1', hear('query'))
  },
  'a query without one': (connection) => {
    connection.query('SELECT 1').on('error', () => {})
  },
  'several of both': (connection, hear) => {
    connection.query('SELECT 1', hear('query'))
    connection.query('SELECT 2')
    connection.ping(hear('ping'))
  },
  'several with callbacks': (connection, hear) => {
    connection.query('SELECT 1', hear('first'))
    connection.beginTransaction(hear('second'))
    connection.ping(hear('third'))
  },
  'connect()': (connection, hear) => {
    connection.connect(hear('connect'))
  },
  'connect() and end()': (connection, hear) => {
    connection.connect(hear('connect'))
    connection.end(hear('end'))
  },
  'a query and end()': (connection, hear) => {
    connection.query('SELECT 1', hear('query'))
    connection.end(hear('end'))
  },
  'a query and end() without a callback': (connection, hear) => {
    connection.query('SELECT 1', hear('query'))
    connection.end()
  },
}

/** Time for what nobody expects. */
const SURPLUS_MS = 100

/** What is called back and emitted, in order, until `isOver` resolves and for a while longer. */
async function heardBy(
  connection: Connection,
  use: Use,
  isOver: (heard: readonly string[]) => Promise<unknown>,
): Promise<string[]> {
  const heard: string[] = []
  // Emitted to nobody, an error would end the process.
  const emit = connection.emit.bind(connection)
  connection.emit = (name: string, ...args: unknown[]) => {
    if (name !== 'error' && name !== 'connect') return emit(name, ...args)
    heard.push(`emitted ${name}${name === 'error' ? ` ${codeOf(args[0])}` : ''}`)
    return connection.listenerCount(name) > 0 ? emit(name, ...args) : true
  }
  use(connection, (what) => (error) => {
    heard.push(`${what} ${error ? codeOf(error) : 'ok'}`)
  })
  await isOver(heard)
  await pause(SURPLUS_MS)
  return heard
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code
}

describe.each(DRIVERS)('a connection of %s', (name) => {
  it('that is refused tells of it as mysql2 does, whatever waits for it', async () => {
    const refused = async ({ mysql, target }: Driver, use: Use, count?: number) => {
      const connection = mysql.createConnection({ ...target, password: 'wrong' })
      const heard = await heardBy(connection, use, (all) =>
        count === undefined ? closed(connection) : counted(all, count),
      )
      connection.on('error', () => {})
      connection.destroy()
      return heard
    }
    const expected = await Promise.all(
      Object.values(uses).map((use) => refused(bench().driver('mysql2'), use)),
    )
    for (const heard of expected) expect(heard).not.toEqual([])
    const all = await Promise.all(
      Object.values(uses).map((use, index) =>
        refused(bench().driver(name), use, expected[index]?.length),
      ),
    )
    const byUse = (heard: readonly string[][]) =>
      Object.keys(uses).map((use, index) => [use, heard[index]])
    expect(byUse(all)).toEqual(byUse(expected))
  })

  /** By then mysql2 has told everything. */
  const closed = (connection: Connection) =>
    once((connection as unknown as { stream: EventEmitter }).stream, 'close')

  /** What is missing all the same is seen when it is compared. */
  const counted = (heard: readonly string[], count: number) =>
    vi.waitUntil(() => heard.length >= count, 20_000).catch(() => {})

  it('tells that it is connected, also when it is to be ended', async () => {
    const driver = bench().driver(name)
    for (const withQuery of [true, false]) {
      const connection = driver.mysql.createConnection(driver.target)
      const heard: string[] = []
      await new Promise<void>((resolve) => {
        connection.connect((error) => heard.push(`connect ${error?.code ?? 'ok'}`))
        connection.on('connect', () => heard.push('emitted'))
        if (withQuery) connection.query('SELECT 1')
        connection.end(() => resolve())
      })
      expect(heard).toEqual(['connect ok', 'emitted'])
    }
  })

  it('tells nothing when it is destroyed before it is connected', async () => {
    const driver = bench().driver(name)
    const connection = driver.mysql.createConnection({ ...driver.target, password: 'wrong' })
    const heard = heardBy(
      connection,
      () => {},
      () => pause(SURPLUS_MS),
    )
    connection.destroy()
    expect(await heard).toEqual([])
  })
})
