// A simulated cluster in a process of its own, so that what it costs is not counted as the driver's.
// Says where it is in one line of JSON, and ends when its parent does.

import { startCluster } from 'aurora-mysql2-simulator'

const cluster = await startCluster({ instances: 3, storage: 'mysqld', addresses: 'distinct' })
await cluster.query('CREATE TABLE app.item (id INT PRIMARY KEY, text VARCHAR(50))')
await cluster.query("INSERT INTO app.item VALUES (1, 'one')")

const { host, port, user, password, database } = cluster.connection
const addresses = Object.fromEntries(
  cluster.instances.map(({ endpoint, address }) => [endpoint, address]),
)
addresses[host] = cluster.writer.address
process.stdout.write(`${JSON.stringify({ host, port, user, password, database, addresses })}\n`)

process.stdin.resume()
process.stdin.once('end', async () => {
  await cluster.close()
  process.exit(0)
})
