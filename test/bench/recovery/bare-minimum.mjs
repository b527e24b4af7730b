import mysql from 'mysql2/promise'
import { median } from './statistics.mjs'

const ATTEMPTS = 5

/**
 * The least that a first write on a promoted instance takes when its address is known and nothing needs to be found out:
 * connect, handshake, ask for the role, run the statement. Measured on the writer of this moment, beside whatever else goes on
 * there, several times in a row; the median.
 *
 * @param {import('aurora-mysql2-simulator').Cluster} cluster
 * @param {string} table
 */
export async function measureBareMinimum(cluster, table) {
  const { user, password, database } = cluster.connection
  const { address: host, port } = cluster.writer
  const durations = []
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const startedAtMs = performance.now()
    const connection = await mysql.createConnection({ host, port, user, password, database })
    await connection.query(
      'SELECT @@aurora_server_id AS server_id, @@innodb_read_only AS read_only',
    )
    await connection.query(`INSERT INTO ${table} (token) VALUES (?)`, [`bare-${attempt}`])
    durations.push(performance.now() - startedAtMs)
    connection.destroy()
  }
  return median(durations)
}
