import type { Connection, FieldPacket, QueryResult, ResultSetHeader } from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import { logIn, openStorage } from './open-storage.js'
import { readCases } from './read-cases.js'

/** Aurora's own default, which MariaDB's differs from. */
const SQL_MODE =
  "SET sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"

const IN_TRANSACTION = 1

async function answer(work: Promise<[QueryResult, FieldPacket[]]>): Promise<string> {
  try {
    const [result] = await work
    if (Array.isArray(result)) return `= ${JSON.stringify(result, plain)}`
    const { affectedRows, insertId, info, serverStatus } = result as ResultSetHeader
    const parts = [`ok ${affectedRows}`]
    if (insertId) parts.push(`id ${insertId}`)
    const changed = /Changed: (\d+)/.exec(info)?.[1]
    if (changed) parts.push(`changed ${changed}`)
    if (serverStatus & IN_TRANSACTION) parts.push('in-transaction')
    return parts.join(' ')
  } catch (error) {
    return `! ${(error as { errno?: number }).errno}`
  }
}

function plain(_key: string, value: unknown): unknown {
  const isBuffer = typeof value === 'object' && value !== null && 'data' in value
  return isBuffer ? `0x${Buffer.from(value.data as number[]).toString('hex')}` : value
}

async function prepareSession(kind: 'embedded' | 'mysqld'): Promise<Connection> {
  const storage = await openStorage(kind)
  const connection = await logIn(storage, { dateStrings: true, rowsAsArray: true })
  await connection.query(SQL_MODE)
  return connection
}

describe.each(['embedded', 'mysqld'] as const)('on %s', (kind) => {
  it.each([...readCases()])('%s is answered as MySQL answers it', async (_file, cases) => {
    const connection = await prepareSession(kind)
    for (const { sql, values, expected, prepared } of cases) {
      if (values) {
        const work = connection.execute(sql, values as string[])
        expect({ sql, answer: await answer(work) }).toEqual({ sql, answer: expected })
        continue
      }
      expect({ sql, answer: await answer(connection.query(sql)) }).toEqual({
        sql,
        answer: expected,
      })
      if (!expected.startsWith('=') || !/^\W*(select|with)/i.test(sql)) continue
      const again = await answer(connection.execute(sql))
      expect({ prepared: sql, answer: again }).toEqual({ prepared: sql, answer: prepared })
    }
  })
})
