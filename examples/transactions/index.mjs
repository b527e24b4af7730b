// Transactions through a failover. A transaction lives on one connection; when that is lost, the server has rolled it
// back, and no driver may run half of it somewhere else. `pool.transaction(fn)` runs the whole of it again where it is known
// that it was not committed. When the answer to COMMIT is lost nobody knows; with `exactlyOnce` a token, committed with the
// transaction, tells.
//
// What to see: four workers move money between accounts while the writer dies. No money appears or disappears, each
// transfer is made exactly once, and no transfer fails.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'

const WORKERS = 4
const TRANSFERS_PER_WORKER = 60

const { values } = parseArgs({ options: { storage: { type: 'string' } } })
const cluster = await startCluster({
  instances: 3,
  storage: values.storage,
  timings: { promoteMs: 500, dnsMs: 2000 },
})
const pool = createAuroraPool({ ...cluster.connection, connectionLimit: WORKERS })

await pool.query('CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL)')
await pool.query('CREATE TABLE transfers (id INT AUTO_INCREMENT PRIMARY KEY, amount INT NOT NULL)')
await pool.query(`CREATE TABLE aurora_mysql2_token (
  token BINARY(16) NOT NULL PRIMARY KEY,
  created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY (created_at)
)`)
await pool.query('INSERT INTO accounts (id, balance) VALUES (1, 1000), (2, 1000)')
await pool.aurora.ready()

/** Counts what happened behind the scenes. */
const met = { again: 0, unknown: 0 }
pool.aurora.on('transactionRetried', ({ isUnknown }) => {
  met[isUnknown ? 'unknown' : 'again'] += 1
})

function transfer(amount) {
  return pool.transaction(
    async (tx) => {
      await tx.query('UPDATE accounts SET balance = balance - ? WHERE id = 1', [amount])
      // Something that takes a moment, so that the failover strikes in the middle.
      await sleep(5)
      await tx.query('UPDATE accounts SET balance = balance + ? WHERE id = 2', [amount])
      await tx.query('INSERT INTO transfers (amount) VALUES (?)', [amount])
    },
    { exactlyOnce: true },
  )
}

async function work() {
  for (let number = 1; number <= TRANSFERS_PER_WORKER; number += 1) {
    await transfer(1)
    await sleep(10)
  }
}

const workers = Array.from({ length: WORKERS }, work)
await sleep(300)
console.log(`The writer ${cluster.writer.id} dies`)
await Promise.all([...workers, cluster.failover()])
console.log(`The writer is ${cluster.writer.id} now`)

const balances = await cluster.query('SELECT balance FROM accounts ORDER BY id')
const [{ transfers }] = await cluster.query('SELECT COUNT(*) AS transfers FROM transfers')
const [from, to] = balances.map(({ balance }) => Number(balance))
console.log(
  `${transfers} transfers made; ${met.again} were run again, ${met.unknown} had to ask what became of their COMMIT`,
)
console.log(`Balances: ${from} and ${to}`)

await pool.end()
await cluster.close()

const expected = WORKERS * TRANSFERS_PER_WORKER
assert.equal(cluster.writer.id, 'instance-2', 'a failover has taken place')
assert.equal(Number(transfers), expected, 'every transfer is made once')
assert.deepEqual([from, to], [1000 - expected, 1000 + expected], 'no money appears or disappears')
assert.ok(met.again + met.unknown > 0, 'the failover came in the middle of transactions')
