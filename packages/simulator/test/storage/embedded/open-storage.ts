import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise'
import { afterEach } from 'vitest'
import { createEmbeddedStorage } from '../../../src/storage/embedded/embedded-storage.js'
import { createMysqldStorage } from '../../../src/storage/mysqld/mysqld-storage.js'
import type { Storage } from '../../../src/storage/storage.js'

export const accounts = {
  user: 'app',
  readerUser: 'app_reader',
  password: 'correct horse',
  database: 'app',
} as const

const toClose: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

/** Opens a storage that ends with the test. */
export async function openStorage(kind: Storage['kind'] = 'embedded'): Promise<Storage> {
  const create = kind === 'embedded' ? createEmbeddedStorage : createMysqldStorage
  const storage = await create(accounts)
  toClose.push(() => storage.close())
  return storage
}

/** Logs in to a storage with plain mysql2. */
export async function logIn(
  storage: Storage,
  options: ConnectionOptions = {},
): Promise<Connection> {
  const { user, password, database } = accounts
  const stream = storage.connect()
  const connection = await createConnection({ user, password, database, ...options, stream })
  toClose.push(async () => connection.destroy())
  return connection
}

/** The errno of what a statement is refused with; undefined if it is not. */
export async function errnoOf(work: Promise<unknown>): Promise<number | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return (error as { errno?: number }).errno
  }
}
