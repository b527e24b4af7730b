// The smallest application: a pool, a table, a request that writes and reads, and a few hundred reads.
//
// What to see: the code is mysql2's, the pool is made by createAuroraPool() with the cluster endpoint as host, and the
// instances tell that writes went to the writer and reads to the readers. In the request that wrote, the reads see what
// was written, whichever instance serves them.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

// In production there is no simulator: `host` is your cluster endpoint, and nothing else changes.
const cluster = await startCluster({ instances: 3, storage: values.storage })
const pool = createAuroraPool({ ...cluster.connection, connectionLimit: 5 })

await pool.query(
  'CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100) NOT NULL)',
)

// A web application needs no session(): each incoming HTTP request is one by itself. A job or a queue consumer does.
await pool.aurora.session(async () => {
  const [{ insertId }] = await pool.query('INSERT INTO notes (text) VALUES (?)', ['buy milk'])
  const [rows] = await pool.query('SELECT text FROM notes WHERE id = ?', [insertId])
  assert.equal(rows[0]?.text, 'buy milk', 'a request sees what it has written')
  console.log(`Wrote and read back: ${rows[0].text}`)
})

// Reads that belong to no request follow every write of the pool: they go to the writer until a reader is known to have
// what was written, which takes about as long as the readers lag.
await sleep(500)

// Placeholders, prepared statements and everything else work as in mysql2.
const readCount = 300
for (let done = 0; done < readCount; done += 10) {
  await Promise.all(
    Array.from({ length: 10 }, () => pool.execute('SELECT text FROM notes WHERE id = ?', [1])),
  )
}

console.table(
  cluster.instances.map(({ id, role, counters }) => ({
    instance: id,
    role,
    reads: counters.reads,
    writes: counters.writes,
  })),
  ['instance', 'role', 'reads', 'writes'],
)
const onReaders = cluster.readers.map(({ counters }) => counters.reads)
const writesOnReaders = cluster.readers.reduce((sum, { counters }) => sum + counters.writes, 0)

await pool.end()
await cluster.close()

assert.equal(writesOnReaders, 0, 'no write reaches a reader')
assert.ok(
  onReaders.every((reads) => reads > readCount / 5),
  'each reader takes a fair part of the reads',
)
console.log('Reads were served by both readers, the write by the writer.')
