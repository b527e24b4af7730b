import type { Connection } from 'mysql2'
import { describe, expect, it, vi } from 'vitest'
import { DRIVERS, type Driver, useBench } from './drivers.js'

vi.setConfig({ testTimeout: 15_000 })

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

/** What is called back and emitted, in order. */
async function heardBy(connection: Connection, use: Use): Promise<string[]> {
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
  await new Promise((resolve) => setTimeout(resolve, 200))
  return heard
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code
}

describe.each(DRIVERS)('a connection of %s', (name) => {
  it('that is refused tells of it as mysql2 does, whatever waits for it', async () => {
    const refused = async ({ mysql, target }: Driver, use: Use) => {
      const connection = mysql.createConnection({ ...target, password: 'wrong' })
      const heard = await heardBy(connection, use)
      connection.on('error', () => {})
      connection.destroy()
      return heard
    }
    const all = (driver: Driver) =>
      Promise.all(
        Object.entries(uses).map(async ([what, use]) => [what, await refused(driver, use)]),
      )
    const expected = await all(bench().driver('mysql2'))
    for (const [, heard] of expected) expect(heard).not.toEqual([])
    expect(await all(bench().driver(name))).toEqual(expected)
  })

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
    const heard = heardBy(connection, () => {})
    connection.destroy()
    expect(await heard).toEqual([])
  })
})
