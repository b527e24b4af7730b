// A web server that is told to stop (SIGTERM, as Kubernetes and ECS do) in the middle of its work, and a background job
// that is in the middle of its own, transaction after transaction on one connection.
//
// What to see: first the HTTP server takes no new requests and answers those that it has; then pool.aurora.drain() takes
// no new work, lets the job end with the connection that it holds, and closes every connection. Nothing fails, and the
// process ends by itself, without process.exit().
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })
const cluster = await startCluster({ instances: 3, storage: values.storage })
const pool = createAuroraPool({ ...cluster.connection, connectionLimit: 10 })
await pool.query('CREATE TABLE hits (id INT AUTO_INCREMENT PRIMARY KEY, page VARCHAR(50))')
await pool.query('CREATE TABLE reports (id INT AUTO_INCREMENT PRIMARY KEY, line INT NOT NULL)')
await pool.query('CREATE TABLE progress (id INT PRIMARY KEY, line INT NOT NULL)')
await pool.query('INSERT INTO progress (id, line) VALUES (1, 0)')

// The application

let isStopping = false
const server = createServer(async (request, response) => {
  let answer
  try {
    await pool.query('INSERT INTO hits (page) VALUES (?)', [request.url])
    const [[{ hits }]] = await pool.query('SELECT COUNT(*) AS hits FROM hits')
    answer = `${hits} hits`
  } catch (error) {
    response.statusCode = 500
    answer = error.code
  }
  // Else a client with keep-alive goes on asking on the connection that it has.
  if (isStopping) response.setHeader('connection', 'close')
  response.end(answer)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()

const REPORT_LINES = 40
async function writeReport() {
  const connection = await pool.getConnection()
  try {
    for (let line = 1; line <= REPORT_LINES; line += 1) {
      await connection.beginTransaction()
      await connection.query('INSERT INTO reports (line) VALUES (?)', [line])
      await connection.query('UPDATE progress SET line = ? WHERE id = 1', [line])
      await connection.commit()
      await sleep(20)
    }
  } finally {
    connection.release()
  }
}

process.once('SIGTERM', async () => {
  console.log('SIGTERM: no new requests')
  isStopping = true
  server.close()
  await once(server, 'close')
  console.log('Every request that was taken is answered; draining the pool')
  await pool.aurora.drain({ timeoutMs: 5000 })
  console.log('The pool is empty and closed')
})

// Its users, and the signal in the middle

const answers = { ok: 0, failed: 0 }
async function visit() {
  for (;;) {
    // A connection that the server no longer takes is not a failed request: a load balancer has moved on by now.
    const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
    if (response === undefined) return
    await response.text()
    answers[response.ok ? 'ok' : 'failed'] += 1
  }
}

const visitors = Array.from({ length: 10 }, visit)
const report = writeReport()
await sleep(500)
process.kill(process.pid, 'SIGTERM')
await Promise.all([...visitors, report])

const [{ lines }] = await cluster.query('SELECT COUNT(*) AS `lines` FROM reports')
const [{ hits }] = await cluster.query('SELECT COUNT(*) AS hits FROM hits')
await until(() => cluster.instances.every(({ counters }) => counters.connectionsOpen === 0))
await cluster.close()

console.log(
  `${answers.ok} requests answered, ${answers.failed} failed; the report has ${lines} lines`,
)
assert.ok(answers.ok > 0, 'there was load')
assert.equal(answers.failed, 0, 'no request fails')
assert.ok(Number(hits) >= answers.ok, 'what was answered is in the table')
assert.equal(Number(lines), REPORT_LINES, 'the job that was under way comes to its end')

async function until(isSo) {
  const deadline = performance.now() + 5000
  while (!isSo()) {
    assert.ok(performance.now() < deadline, 'the pool closes all its connections')
    await sleep(20)
  }
}
