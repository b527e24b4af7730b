import type { AuroraPoolOptions } from 'aurora-mysql2'
import { PrismaAuroraMysql2, type PrismaAuroraMysql2Options } from 'aurora-mysql2-prisma'
import type { ClusterOptions } from 'aurora-mysql2-simulator'
import { type Simulation, simulate } from '../../driver/test/simulation.js'
import { type ClientModule, generateClient } from './generate-client.js'
import { type Client, MODELS, TABLES } from './schema.js'

export interface OpenShop {
  readonly simulation: Simulation
  readonly module: ClientModule<Client>
  /** A client on what the adapter is given; disconnected with the others. */
  client(
    target: ConstructorParameters<typeof PrismaAuroraMysql2>[0],
    options?: PrismaAuroraMysql2Options,
  ): Client
  /** A client on a pool of the driver, which the simulation ends. */
  ourClient(options?: AuroraPoolOptions): Client
  close(): Promise<void>
}

/** A cluster with the tables of the models, and clients of Prisma on it. */
export async function openShop(options: ClusterOptions = {}): Promise<OpenShop> {
  const [simulation, module] = await Promise.all([
    simulate(options),
    generateClient<Client>(MODELS),
  ])
  for (const sql of TABLES) {
    await simulation.cluster.query(sql.replace(/(CREATE TABLE|REFERENCES) /g, '$1 app.'))
  }
  const clients: Client[] = []
  const client: OpenShop['client'] = (target, options) => {
    const made = new module.PrismaClient({ adapter: new PrismaAuroraMysql2(target, options) })
    clients.push(made)
    return made
  }
  return {
    simulation,
    module,
    client,
    ourClient: (options) => client(simulation.pool(options)),
    close: async () => {
      await Promise.all(clients.map((each) => each.$disconnect()))
    },
  }
}
