// Transactions through a failover. A transaction lives on one connection; when that is lost, the server has rolled it
// back, and no driver may run half of it somewhere else. What the driver can do is say what happened:
//
//   err.aurora.outcome === 'rolled-back'   nothing of it took effect: run the whole transaction again
//   err.aurora.outcome === 'unknown'       COMMIT was under way: look before running it again
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
const DEADLOCK = 1213

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })
const cluster = await startCluster({
  instances: 3,
  storage: values.storage,
  timings: { promoteMs: 500, dnsMs: 2000 },
})
const pool = createAuroraPool({ ...cluster.connection, connectionLimit: WORKERS })

await pool.query('CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL)')
await pool.query('CREATE TABLE transfers (token VARCHAR(40) PRIMARY KEY, amount INT NOT NULL)')
await pool.query('INSERT INTO accounts (id, balance) VALUES (1, 1000), (2, 1000)')
await pool.aurora.ready()

/** Counts what the loop below met. */
const met = { 'rolled-back': 0, unknown: 0 }

/** Runs `work` in a transaction; the whole of it again when it is known that nothing of it took effect. */
async function inTransaction(work) {
  for (let attempt = 1; ; attempt += 1) {
    const connection = await pool.getConnection()
    try {
      await connection.beginTransaction()
      const result = await work(connection)
      await connection.commit()
      return result
    } catch (error) {
      // On a lost connection this fails too: then there is nothing left to roll back.
      await connection.rollback().catch(() => {})
      const { outcome } = error.aurora ?? {}
      if (outcome !== undefined) met[outcome] += 1
      const mayRunAgain = outcome === 'rolled-back' || error.errno === DEADLOCK
      if (!mayRunAgain || attempt === 5) throw error
    } finally {
      connection.release()
    }
  }
}

async function transfer(token, amount) {
  try {
    await inTransaction(async (connection) => {
      await connection.query('UPDATE accounts SET balance = balance - ? WHERE id = 1', [amount])
      // Something that takes a moment, so that the failover strikes in the middle.
      await sleep(5)
      await connection.query('UPDATE accounts SET balance = balance + ? WHERE id = 2', [amount])
      await connection.query('INSERT INTO transfers (token, amount) VALUES (?, ?)', [token, amount])
    })
  } catch (error) {
    if (error.aurora?.outcome !== 'unknown') throw error
    // COMMIT was under way. A row that only this transaction writes tells whether it came through.
    const [rows] = await pool.query({
      sql: 'SELECT token FROM transfers WHERE token = ?',
      values: [token],
      aurora: { role: 'writer' },
    })
    if (rows.length === 0) await transfer(token, amount)
  }
}

async function work(worker) {
  for (let number = 1; number <= TRANSFERS_PER_WORKER; number += 1) {
    await transfer(`${worker}-${number}`, 1)
    await sleep(10)
  }
}

const workers = Array.from({ length: WORKERS }, (_, worker) => work(worker))
await sleep(300)
console.log(`The writer ${cluster.writer.id} dies`)
await Promise.all([...workers, cluster.failover()])
console.log(`The writer is ${cluster.writer.id} now`)

const balances = await cluster.query('SELECT balance FROM accounts ORDER BY id')
const [{ transfers }] = await cluster.query('SELECT COUNT(*) AS transfers FROM transfers')
const [from, to] = balances.map(({ balance }) => Number(balance))
console.log(
  `${transfers} transfers made; ${met['rolled-back']} transactions were run again, ${met.unknown} had to be looked at`,
)
console.log(`Balances: ${from} and ${to}`)

await pool.end()
await cluster.close()

const expected = WORKERS * TRANSFERS_PER_WORKER
assert.equal(cluster.writer.id, 'instance-2', 'a failover has taken place')
assert.equal(Number(transfers), expected, 'every transfer is made once')
assert.deepEqual([from, to], [1000 - expected, 1000 + expected], 'no money appears or disappears')
assert.ok(met['rolled-back'] + met.unknown > 0, 'the failover came in the middle of transactions')
