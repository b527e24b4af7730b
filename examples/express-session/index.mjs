// Sessions of Express in a cluster: `new MySQLStore({}, pool)`, with a pool of ours in the place of mysql2's.
//
// The store has a small pool of its own that reads from the writer (`consistency: 'writer'`): the next page, perhaps of another
// process, must see the session as this one has left it. The application's own queries, on the other pool, go to readers.
//
// What to see: someone logs in over HTTP and visits pages; the writer crashes in the middle. The pages wait a second, nobody is
// logged out, no visit is forgotten.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2'
import { startCluster } from 'aurora-mysql2-simulator'
import express from 'express'
import mysqlStore from 'express-mysql-session'
import session from 'express-session'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

// In production there is no simulator: `host` is your cluster endpoint, and nothing else changes.
const cluster = await startCluster({ instances: 3, storage: values.storage })
await cluster.query('CREATE TABLE note (id INT PRIMARY KEY, text VARCHAR(100))')
await cluster.query("INSERT INTO note (id, text) VALUES (1, 'buy milk')")

const { connection } = cluster
const pool = createAuroraPool(connection)
const sessionPool = createAuroraPool({
  ...connection,
  connectionLimit: 5,
  aurora: { ...connection.aurora, consistency: 'writer' },
})
const MySQLStore = mysqlStore(session)
const store = new MySQLStore({}, sessionPool)
await store.onReady()

const app = express()
app.use(session({ store, secret: 'tea', resave: false, saveUninitialized: false }))
app.post('/login', (request, response, next) => {
  request.session.visits = 0
  // Answered when it is stored: what fails after the answer cannot be told.
  request.session.save((error) => (error ? next(error) : response.end()))
})
app.get('/', async (request, response, next) => {
  const [[{ text }]] = await pool.promise().query('SELECT text FROM note WHERE id = 1')
  request.session.visits += 1
  const { visits } = request.session
  request.session.save((error) => (error ? next(error) : response.json({ text, visits })))
})
app.use((error, _request, response, _next) => {
  // 'unknown': the visit may be stored, or not.
  response.status(503).json({ outcome: error.aurora?.outcome })
})
const server = app.listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const site = `http://127.0.0.1:${server.address().port}`

const login = await fetch(`${site}/login`, { method: 'POST' })
const cookie = login.headers.getSetCookie()[0].split(';')[0]

let [pages, unknown, visits] = [0, 0, 0]
async function visit() {
  const response = await fetch(site, { headers: { cookie } })
  const answer = await response.json()
  if (response.ok) {
    pages += 1
    assert.equal(answer.text, 'buy milk')
    assert.ok(answer.visits > visits, 'the session remembers each page')
    visits = answer.visits
  } else {
    assert.equal(answer.outcome, 'unknown')
    unknown += 1
  }
}

for (let page = 0; page < 100; page += 1) await visit()
console.table(
  cluster.instances.map(({ id, role, counters }) => ({
    instance: id,
    role,
    reads: counters.reads,
    writes: counters.writes,
  })),
  ['instance', 'role', 'reads', 'writes'],
)
const onReaders = cluster.readers.reduce((sum, { counters }) => sum + counters.reads, 0)

// The writer crashes; a reader is promoted a second later.
let isOver = false
const failover = cluster
  .failover({ promoteMs: 1000 })
  .then(() => sleep(200))
  .then(() => {
    isOver = true
  })
while (!isOver) await visit()
await failover
await visit()

server.close()
server.closeAllConnections()
await store.close()
await Promise.all([pool.promise().end(), sessionPool.promise().end()])
await cluster.close()

assert.equal(cluster.writer.id, 'instance-2', 'a failover has taken place')
assert.ok(onReaders > 90, "readers serve the application's own reads")
assert.ok(visits >= pages && visits <= pages + unknown, 'no visit is forgotten, none counts twice')
console.log(
  `Through a failover: still logged in, ${visits} visits on ${pages} pages, ${unknown} unknown.`,
)
