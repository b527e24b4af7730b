import { createAuroraPool } from 'aurora-mysql2'
import { createAuroraPool as createPromisePool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'
import type { Pool, RowDataPacket } from 'mysql2'
import type { Pool as PromisePool } from 'mysql2/promise'

interface Account extends RowDataPacket {
  id: number
}

// What takes a mysql2 pool takes ours.
const pool: Pool = createAuroraPool('mysql://app:secret@db.example.com/app')
pool.query<Account[]>('SELECT id FROM account', (_error, rows) => rows[0]?.id.toFixed())

export async function firstAccount(): Promise<number | undefined> {
  await using cluster = await startCluster({ instances: 2, storage: 'embedded' })
  const promisePool: PromisePool = createPromisePool(cluster.connection)
  const [rows] = await promisePool.query<Account[]>('SELECT id FROM account')
  await promisePool.end()
  return rows[0]?.id
}

// @ts-expect-error unknown options are refused at compile time as well
createAuroraPool({ host: 'db.example.com', aurora: { noSuchOption: 1 } })
