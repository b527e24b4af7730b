import { describe, expect, it } from 'vitest'
import { OURS, useBench } from './drivers.js'
import { WAYS } from './ways.js'

const bench = useBench({}, async (cluster) => {
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text LONGTEXT)')
})

describe.each(OURS)('what a text leaves open behind its error on %s', (name) => {
  it.each(['pool.query', 'promise pool.query', 'session.query', 'pool.query without a callback'])(
    'by %s is not there for the next',
    async (way) => {
      const pool = await bench().pool(name, { connectionLimit: 1, multipleStatements: true })
      const sql = 'START TRANSACTION READ ONLY; DELETE FROM note; COMMIT'
      for (let turn = 0; turn < 2; turn++) {
        expect(JSON.stringify(await WAYS[way]?.(pool, { sql }))).toContain('1792')
        const [rows] = await pool.promise().query('SELECT @@in_transaction AS open')
        expect(rows).toEqual([{ open: 0 }])
        await pool.promise().query('DELETE FROM note')
      }
    },
  )
})
