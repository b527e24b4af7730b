// A cluster in a process of its own, so that what it keeps is not counted. Ends with the process that started it.
import { startCluster } from 'aurora-mysql2-simulator'

const cluster = await startCluster({ instances: 1, storage: 'mysqld' })
await cluster.query('CREATE TABLE app.item (id INT PRIMARY KEY, text VARCHAR(40) NOT NULL)')
await cluster.query("INSERT INTO app.item (id, text) VALUES (1, 'one'), (2, 'two')")
const { address: host, port } = cluster.writer
const { user, password, database } = cluster.connection
process.send?.({ host, port, user, password, database })
process.once('disconnect', () => cluster.close())
