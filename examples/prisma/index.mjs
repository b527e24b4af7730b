// Prisma on an Aurora cluster: the client is Prisma's own, only its adapter is ours.
//
// What to see: what `create` writes goes to the writer, what `findMany` reads comes from the readers, and the request that
// wrote sees what it wrote. Then the writer crashes under load: no read fails, and orders wait for the next writer. An order
// that was under way at that moment fails with what is known of it.
//
//   npm start                        generates the client and runs this
//   node index.mjs --storage mysqld  once it is generated: on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { PrismaClient } from '@prisma/client'
import { createAuroraPool } from 'aurora-mysql2'
import { rehearse } from 'aurora-mysql2-example-rehearsal'
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

await rehearse(cluster, {
  request: pool.aurora.session,
  read: async () => {
    const orders = await prisma.order.findMany({ take: 5 })
    assert.ok(orders.length > 0)
  },
  write: async () => {
    await placeOrder('grace@example.com')
  },
  // What became of an order that was under way when the writer went. 'unknown': look before you place it again; 'rolled-back':
  // nothing of it took effect.
  outcomeOf: (error) => auroraDetailOf(error)?.outcome,
  // Two items each: an order that was placed in part would show.
  written: 'SELECT COUNT(*) / 2 FROM app.order_items WHERE orderId > 1',
})

await prisma.$disconnect()
// The pool is the application's: Prisma leaves it open.
await pool.promise().end()
await cluster.close()
