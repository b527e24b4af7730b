import { startCluster } from 'aurora-mysql2-simulator'
import { startLimitedInstance } from './limited-instance.mjs'
import { TABLES } from './tables.mjs'

/**
 * A simulated cluster; `limit`: instances that serve so many statements a second, and no more.
 *
 * @param {{ instances?: number, limit?: { atOnce: number, serviceMs: number } }} [wish]
 */
export async function startSimulatedCluster({ instances = 3, limit } = {}) {
  const cluster = await startCluster({ instances, storage: 'mysqld', addresses: 'distinct' })
  for (const sql of TABLES) await cluster.query(sql)
  const { host, port, user, password, database } = cluster.connection
  const account = { port, user, password, database }
  const gates = []
  const addresses = {}
  for (const [index, { endpoint, address }] of cluster.instances.entries()) {
    if (limit === undefined) addresses[endpoint] = address
    else {
      const gate = `127.99.${process.pid % 250}.${index + 1}`
      gates.push(await startLimitedInstance({ gate, address, port, ...limit }))
      addresses[endpoint] = gate
    }
  }
  addresses[host] = addresses[cluster.writer.endpoint]
  return {
    target: {
      plain: { host: addresses[host], ...account },
      cluster: { host, ...account },
      addresses,
    },
    /** How many statements it has been sent by applications. */
    statementCount: async () =>
      cluster.instances.reduce(
        (sum, { counters }) => sum + counters.statements - counters.topologyQuestions,
        0,
      ),
    close: async () => {
      for (const gate of gates) gate.close()
      await cluster.close()
    },
  }
}
