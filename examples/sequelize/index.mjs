// Sequelize 6 on a cluster: our module in the place of mysql2. Its `replication` is not needed.
//
// What to see: the queries are Sequelize's, unchanged. Reads are served by readers and writes by the writer, a request sees what it
// has written, and when the writer crashes in the middle no read fails and writes go on by themselves.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { session } from 'aurora-mysql2'
import * as auroraMysql2 from 'aurora-mysql2/mysql2'
import { rehearse } from 'aurora-mysql2-example-rehearsal'
import { startCluster } from 'aurora-mysql2-simulator'
import { DataTypes, Sequelize } from 'sequelize'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

// In production there is no simulator: `host` is your cluster endpoint, and `dialectOptions` is not needed.
const cluster = await startCluster({ instances: 3, storage: values.storage })
const { host, port, user, password, database, aurora } = cluster.connection
const sequelize = new Sequelize(database, user, password, {
  dialect: 'mysql',
  dialectModule: auroraMysql2,
  host,
  port,
  dialectOptions: { aurora },
  // While a write waits for the new writer it keeps its place in this pool. Places are cheap: they hold no connection.
  pool: { max: 100 },
  logging: false,
})

const options = { tableName: 'note', timestamps: false }
const Note = sequelize.define('note', { text: DataTypes.STRING(100) }, options)
await sequelize.query(
  'CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100) NOT NULL)',
)

// A web application needs no session(): each incoming HTTP request is one by itself.
await session(async () => {
  const { id } = await Note.create({ text: 'buy milk' })
  const note = await Note.findByPk(id)
  assert.equal(note?.text, 'buy milk', 'a request sees what it has written')
})

await rehearse(cluster, {
  request: session,
  read: async () => {
    const note = await Note.findByPk(1)
    assert.equal(note?.text, 'buy milk')
  },
  write: async () => {
    await Note.create({ text: 'more' })
  },
  // What became of a write that was under way when the writer went. 'unknown': look before you do it again; 'rolled-back':
  // nothing took effect. Sequelize keeps mysql2's error as `original`.
  outcomeOf: (error) => error.original?.aurora?.outcome,
  written: "SELECT COUNT(*) FROM app.note WHERE text = 'more'",
})

await sequelize.close()
await cluster.close()
