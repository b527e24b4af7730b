// Prisma on an Aurora cluster: the client is Prisma's own, only its adapter is ours.
//
// What to see: what `create` writes goes to the writer, what `findMany` reads comes from the readers, and the request that
// wrote sees what it wrote. Then the writer crashes under load: no read fails, and orders wait for the next writer. An order
// that was under way at that moment fails with what is known of it.
//
//   npm start                        generates the client and runs this
//   node index.mjs --storage mysqld  once it is generated: on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { PrismaClient } from '@prisma/client'
import { createAuroraPool } from 'aurora-mysql2'
import { auroraDetailOf, PrismaAuroraMysql2 } from 'aurora-mysql2-prisma'
import { startCluster } from 'aurora-mysql2-simulator'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

const cluster = await startCluster({ instances: 3, storage: values.storage })
await cluster.query(
  'CREATE TABLE app.orders (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(100) NOT NULL)',
)
await cluster.query(
  `CREATE TABLE app.order_items (
    id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL, orderId INT NOT NULL)`,
)

const pool = createAuroraPool(cluster.connection)
const prisma = new PrismaClient({
  adapter: new PrismaAuroraMysql2(pool),
  // By default Prisma gives up after 2 s when a transaction cannot begin; a failover may take longer.
  transactionOptions: { maxWait: 60_000, timeout: 70_000 },
})

const placeOrder = (email) =>
  prisma.order.create({
    data: { email, items: { create: [{ name: 'tea' }, { name: 'sugar' }] } },
    include: { items: true },
  })

// A web application needs no session(): each incoming HTTP request is one by itself. A job or a queue consumer does.
await pool.aurora.session(async () => {
  const { id } = await placeOrder('ada@example.com')
  const order = await prisma.order.findUnique({ where: { id }, include: { items: true } })
  assert.equal(order?.items.length, 2, 'a request sees what it has written')
})

await sleep(500)
for (let done = 0; done < 200; done += 10) {
  await Promise.all(Array.from({ length: 10 }, () => prisma.order.findMany({ take: 5 })))
}
console.table(
  cluster.instances.map(({ id, role, counters: { reads, writes } }) => ({
    id,
    role,
    reads,
    writes,
  })),
)
const onReaders = cluster.readers.map(({ counters }) => counters)
const sum = (numbers) => numbers.reduce((total, each) => total + each, 0)
assert.ok(sum(onReaders.map(({ reads }) => reads)) > 150, 'readers serve what is read')
assert.equal(sum(onReaders.map(({ writes }) => writes)), 0, 'no write reaches a reader')

// The writer crashes; a reader is promoted a second later.
const counts = { reads: 0, orders: 0, unknown: 0, rolledBack: 0 }
let isOver = false
const load = Promise.all([
  ...Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await prisma.order.findMany({ take: 5 })
      counts.reads += 1
      await sleep(5)
    }
  }),
  ...Array.from({ length: 2 }, async () => {
    while (!isOver) {
      try {
        await placeOrder('grace@example.com')
        counts.orders += 1
      } catch (error) {
        // 'unknown': look before you place it again. 'rolled-back': nothing of it took effect.
        const outcome = auroraDetailOf(error)?.outcome
        assert.ok(outcome, `says what became of it: ${error}`)
        counts[outcome === 'unknown' ? 'unknown' : 'rolledBack'] += 1
      }
      await sleep(5)
    }
  }),
])
await sleep(300)
await cluster.failover({ promoteMs: 1000 })
const before = counts.orders
while (counts.orders < before + 10) await sleep(5)
isOver = true
await load

await prisma.$disconnect()
// The pool is the application's: Prisma leaves it open.
await new Promise((resolve) => pool.end(resolve))

const [{ items }] = await cluster.query(
  'SELECT COUNT(*) AS items FROM app.order_items WHERE orderId > 1',
)
await cluster.close()

console.log(
  `Through a failover: ${counts.reads} reads, none failed; ${counts.orders} orders, ${counts.rolledBack} rolled back, ${counts.unknown} unknown.`,
)
assert.ok(items >= 2 * counts.orders, 'no order that was placed is lost')
assert.ok(items <= 2 * (counts.orders + counts.unknown), 'none was placed twice')
assert.equal(items % 2, 0, 'none was placed in part')
