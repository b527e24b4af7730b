import { describe, expect, it } from 'vitest'
import { DRIVERS, useBench } from './drivers.js'

const bench = useBench()

describe.each(DRIVERS)('an error that nobody hears, on %s', (name) => {
  it('is not given to the statement behind it', async () => {
    const pool = await bench().pool(name, { connectionLimit: 1 })
    const writer = { sql: 'SELECT 1 AS a FOR UPDATE' }
    for (let turn = 0; turn < 5; turn++) {
      pool.query('DELETE FROM no_such_table')
      expect((await pool.promise().query(writer))[0]).toEqual([{ a: 1 }])
    }
  })
})
