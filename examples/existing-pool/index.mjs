// An application that has its mysql2 pool already: made somewhere else, with an init statement on each new connection,
// and handed around. createAuroraPool(pool) takes it over, and code that holds the old variable runs on Aurora as well.
//
// What to see: the pool's settings and its `connection` listeners are taken over, the init statement runs on the
// connections to every instance, and a failover goes by while the old code runs.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'
import mysql from 'mysql2/promise'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })
const cluster = await startCluster({
  instances: 3,
  storage: values.storage,
  recordStatements: true,
  timings: { promoteMs: 500, dnsMs: 2000 },
})

// The application as it was: a pool, and a setting for each physical connection.
const { aurora, ...options } = cluster.connection
const mysqlPool = mysql.createPool({ ...options, connectionLimit: 5 })
mysqlPool.on('connection', (connection) => connection.query("SET time_zone = '+00:00'"))

// The one new line. The second argument is needed here only because the simulator's names are in no real DNS.
const pool = createAuroraPool(mysqlPool, aurora)

// From here on everything uses the old variable, as code does that nobody wants to touch.
await mysqlPool.query('CREATE TABLE visits (id INT AUTO_INCREMENT PRIMARY KEY, page VARCHAR(50))')
await pool.aurora.ready()

let written = 0
const isUnknown = (error) => error.aurora?.outcome === 'unknown'
async function visit() {
  try {
    await mysqlPool.query('INSERT INTO visits (page) VALUES (?)', ['/'])
    written += 1
  } catch (error) {
    // The one write that was under way when its connection was lost: nobody can know whether it took effect.
    if (!isUnknown(error)) throw error
    console.log(`One write was under way when the writer died: ${error.code}, outcome unknown`)
  }
}

async function browse() {
  await mysqlPool.query('SELECT COUNT(*) AS visits FROM visits')
}

/** Requests of one user, each in a session of its own, as incoming HTTP requests are by themselves. */
async function use(request) {
  while (performance.now() < until) {
    await pool.aurora.session(request)
    await sleep(10)
  }
}

const until = performance.now() + 2500
const users = [visit, visit, browse, browse, browse, browse].map(use)
await sleep(500)
console.log(`The writer ${cluster.writer.id} dies`)
await Promise.all([...users, cluster.failover()])

const [{ visits }] = await cluster.query('SELECT COUNT(*) AS visits FROM visits')
const initialised = cluster.instances.filter(({ statements }) =>
  statements.some((text) => text.startsWith('SET time_zone')),
)
console.log(
  `${written} visits acknowledged, ${visits} in the table; writer now ${cluster.writer.id}`,
)
console.log(`The init statement ran on ${initialised.map(({ id }) => id).join(', ')}`)

// Ending either ends both.
await mysqlPool.end()
await cluster.close()

assert.equal(cluster.writer.id, 'instance-2', 'a failover has taken place')
assert.ok(Number(visits) >= written, 'no acknowledged write is lost')
assert.equal(initialised.length, 3, 'the init statement runs on every instance')
