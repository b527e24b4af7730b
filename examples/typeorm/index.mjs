// TypeORM on aurora-mysql2: one line, `driver: mysql`.
//
// What to see: finds go to the readers, what save() and transactions do goes to the writer, a request sees what it has written, and
// a failover in the middle fails no read. A write that was under way says what became of it, in `error.aurora`.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { session } from 'aurora-mysql2'
import mysql from 'aurora-mysql2/mysql2'
import { rehearse } from 'aurora-mysql2-example-rehearsal'
import { startCluster } from 'aurora-mysql2-simulator'
import { DataSource, EntitySchema } from 'typeorm'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

const Note = new EntitySchema({
  name: 'note',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    text: { type: 'varchar', length: 100 },
  },
})

const cluster = await startCluster({ instances: 3, storage: values.storage })
await cluster.query('CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100))')

// In production there is no simulator: `host` is your cluster endpoint, and there is no `aurora`.
const { host, port, user, password, database, aurora } = cluster.connection

const dataSource = await new DataSource({
  type: 'mysql',
  driver: mysql,
  host,
  port,
  username: user,
  password,
  database,
  extra: { aurora },
  entities: [Note],
}).initialize()
const notes = dataSource.getRepository(Note)

// A web application needs no session(): each incoming HTTP request is one by itself.
const id = await session(async () => {
  const note = await notes.save({ text: 'buy milk' })
  assert.equal((await notes.findOneBy({ id: note.id }))?.text, 'buy milk')
  return note.id
})

await rehearse(cluster, {
  request: session,
  read: async () => {
    const note = await notes.findOneByOrFail({ id })
    assert.equal(note.text, 'buy milk')
  },
  write: async () => {
    await notes.insert({ text: 'more' })
  },
  // What became of a write that was under way when the writer went. 'unknown': look before you do it again; 'rolled-back':
  // nothing took effect. TypeORM copies what mysql2's error has to its own.
  outcomeOf: (error) => error.aurora?.outcome,
  written: "SELECT COUNT(*) FROM app.note WHERE text = 'more'",
})

await dataSource.destroy()
await cluster.close()
