import { type AuroraAdapterError, PrismaAuroraMysql2 } from 'aurora-mysql2-prisma'
import { type ClientModule, generateClient } from '../../packages/prisma/test/generate-client.js'
import type { Access } from './access.js'
import type { Builder, Customer, Shop } from './shop.js'
import { describeBuilder } from './suite.js'

const MODELS = `
model Customer {
  id     Int    @id @default(autoincrement())
  name   String @unique(map: "customer_name") @db.VarChar(60)
  credit Int

  @@map("customer")
}

model Visit {
  id   Int    @id @default(autoincrement())
  unit String @db.VarChar(60)
  part Int

  @@map("visit")
}
`

/** Of the generated client what the shop calls. */
interface Models {
  readonly customer: {
    create(args: object): Promise<Customer>
    findUnique(args: object): Promise<Customer | null>
    findFirst(): Promise<Customer | null>
    count(): Promise<number>
    update(args: object): Promise<Customer>
    delete(args: object): Promise<Customer>
  }
  readonly visit: { create(args: object): Promise<unknown> }
}

interface Client extends Models {
  $transaction(work: (tx: Models) => Promise<void>): Promise<void>
  $disconnect(): Promise<void>
}

class PrismaShop implements Shop {
  readonly #prisma: Client
  readonly #endPool: () => Promise<void>

  constructor({ PrismaClient }: ClientModule<Client>, { createPool }: Access) {
    const pool = createPool()
    this.#prisma = new PrismaClient({
      adapter: new PrismaAuroraMysql2(pool),
      // Prisma's own 2 s and 5 s are shorter than a failover may be.
      transactionOptions: { maxWait: 60_000, timeout: 60_000 },
    })
    this.#endPool = () => pool.promise().end()
  }

  async add(name: string, credit: number): Promise<number> {
    return (await this.#prisma.customer.create({ data: { name, credit } })).id
  }

  async find(id: number): Promise<Customer | undefined> {
    return (await this.#prisma.customer.findUnique({ where: { id } })) ?? undefined
  }

  count(): Promise<number> {
    return this.#prisma.customer.count()
  }

  async rename(id: number, name: string): Promise<void> {
    await this.#prisma.customer.update({ where: { id }, data: { name } })
  }

  async remove(id: number): Promise<void> {
    await this.#prisma.customer.delete({ where: { id } })
  }

  async transfer(
    from: number,
    to: number,
    credit: number,
    beforeCommit: () => void,
  ): Promise<void> {
    await this.#prisma.$transaction(async ({ customer }) => {
      await customer.update({ where: { id: from }, data: { credit: { decrement: credit } } })
      await customer.update({ where: { id: to }, data: { credit: { increment: credit } } })
      beforeCommit()
    })
  }

  async visit(unit: string): Promise<void> {
    await this.#prisma.visit.create({ data: { unit, part: 0 } })
  }

  async visitTwice(unit: string): Promise<void> {
    await this.#prisma.$transaction(async ({ customer, visit }) => {
      await visit.create({ data: { unit, part: 0 } })
      await customer.findFirst()
      await visit.create({ data: { unit, part: 1 } })
    })
  }

  async close(): Promise<void> {
    await this.#prisma.$disconnect()
    await this.#endPool()
  }
}

/** What Prisma rejects with: its own error, or that of the adapter where it has none. */
interface PrismaError extends Partial<AuroraAdapterError> {
  readonly code?: string
  readonly meta?: { readonly driverAdapterError?: AuroraAdapterError }
}

const prisma: Builder = {
  name: 'Prisma',
  npmPackage: '@prisma/client',
  wayIn: '`new PrismaAuroraMysql2(pool)` of `aurora-mysql2-prisma`',
  open: async (access) => new PrismaShop(await generateClient<Client>(MODELS), access),
  isDuplicate: (error) => (error as PrismaError).code === 'P2002',
  driverError: (error) => {
    const { meta, original } = error as PrismaError
    return meta?.driverAdapterError?.original ?? original
  },
}

describeBuilder(prisma)
