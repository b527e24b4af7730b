import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'

const require = createRequire(import.meta.url)

/** Inside node_modules, so that the generated code finds what it requires, and git and the linter do not find it. */
const CLIENTS = fileURLToPath(new URL('../node_modules/.generated-clients', import.meta.url))

const HEAD = `
generator client {
  provider = "prisma-client-js"
  output   = "./client"
}

datasource db {
  provider = "mysql"
}
`

/** What a generated module has of interest here. Its real types exist only once it is generated. */
export interface ClientModule<Client> {
  readonly PrismaClient: new (options: {
    readonly adapter: SqlDriverAdapterFactory
    readonly transactionOptions?: { readonly maxWait?: number; readonly timeout?: number }
  }) => Client
  readonly Prisma: {
    readonly Decimal: new (text: string) => { toString(): string }
    readonly DbNull: unknown
    sql(strings: readonly string[], ...values: unknown[]): unknown
    raw(text: string): unknown
  }
}

/**
 * Has Prisma generate a client, without a network; one that was generated from the same schema before is used again. Test files that
 * run side by side may ask for the same one.
 *
 * @param models the models and enums of the schema
 */
export async function generateClient<Client>(models: string): Promise<ClientModule<Client>> {
  const schema = HEAD + models
  const { version } = require('prisma/package.json') as { version: string }
  const key = createHash('sha256').update(`${version}\0${schema}`).digest('hex').slice(0, 16)
  const folder = join(CLIENTS, key)
  if (!(await exists(folder))) await generateInto(folder, schema)
  return require(join(folder, 'client')) as ClientModule<Client>
}

async function generateInto(folder: string, schema: string): Promise<void> {
  await mkdir(CLIENTS, { recursive: true })
  const scratch = await mkdtemp(join(CLIENTS, 'new-'))
  try {
    const path = join(scratch, 'schema.prisma')
    await writeFile(path, schema)
    const cli = join(require.resolve('prisma/package.json'), '../build/index.js')
    await promisify(execFile)(process.execPath, [cli, 'generate', '--schema', path, '--no-hints'], {
      // Any file that exists keeps Prisma from fetching its schema engine, which generating does not need.
      env: {
        ...process.env,
        PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
        CHECKPOINT_DISABLE: '1',
        PRISMA_HIDE_UPDATE_MESSAGE: '1',
      },
    })
    // Whole or not at all; of two that generate the same the first stays.
    await rename(scratch, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
