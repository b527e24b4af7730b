import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  Sequelize,
  UniqueConstraintError,
} from 'sequelize'
import type { Access } from './access.js'
import type { Builder, Customer, Shop } from './shop.js'
import { describeBuilder } from './suite.js'

interface CustomerRow
  extends Model<InferAttributes<CustomerRow>, InferCreationAttributes<CustomerRow>> {
  id: CreationOptional<number>
  name: string
  credit: number
}

interface VisitRow extends Model<InferAttributes<VisitRow>, InferCreationAttributes<VisitRow>> {
  id: CreationOptional<number>
  unit: string
  part: number
}

/** The options that reach mysql2's `createConnection`. */
export function openSequelize({ connection, mysql2 }: Access, options: object = {}): Sequelize {
  const { host, port, user, password, database, ...dialectOptions } = connection
  return new Sequelize(database, user, password, {
    dialect: 'mysql',
    host,
    port,
    dialectModule: mysql2,
    dialectOptions,
    logging: false,
    ...options,
  })
}

class SequelizeShop implements Shop {
  readonly #sequelize: Sequelize
  readonly #customers: ModelStatic<CustomerRow>
  readonly #visits: ModelStatic<VisitRow>

  constructor(sequelize: Sequelize) {
    this.#sequelize = sequelize
    const id = { type: DataTypes.INTEGER, autoIncrement: true, primaryKey: true }
    const options = { timestamps: false, freezeTableName: true }
    this.#customers = sequelize.define<CustomerRow>(
      'customer',
      { id, name: DataTypes.STRING(60), credit: DataTypes.INTEGER },
      options,
    )
    this.#visits = sequelize.define<VisitRow>(
      'visit',
      { id, unit: DataTypes.STRING(60), part: DataTypes.INTEGER },
      options,
    )
  }

  async add(name: string, credit: number): Promise<number> {
    return (await this.#customers.create({ name, credit })).id
  }

  async find(id: number): Promise<Customer | undefined> {
    return (await this.#customers.findByPk(id))?.get({ plain: true })
  }

  count(): Promise<number> {
    return this.#customers.count()
  }

  async rename(id: number, name: string): Promise<void> {
    await this.#customers.update({ name }, { where: { id } })
  }

  async remove(id: number): Promise<void> {
    await this.#customers.destroy({ where: { id } })
  }

  async transfer(
    from: number,
    to: number,
    credit: number,
    beforeCommit: () => void,
  ): Promise<void> {
    await this.#sequelize.transaction(async (transaction) => {
      await this.#customers.decrement({ credit }, { where: { id: from }, transaction })
      await this.#customers.increment({ credit }, { where: { id: to }, transaction })
      beforeCommit()
    })
  }

  async visit(unit: string): Promise<void> {
    await this.#visits.create({ unit, part: 0 })
  }

  async visitTwice(unit: string): Promise<void> {
    await this.#sequelize.transaction(async (transaction) => {
      await this.#visits.create({ unit, part: 0 }, { transaction })
      await this.#customers.findOne({ transaction })
      await this.#visits.create({ unit, part: 1 }, { transaction })
    })
  }

  close(): Promise<void> {
    return this.#sequelize.close()
  }
}

const sequelize6: Builder = {
  name: 'Sequelize',
  npmPackage: 'sequelize',
  wayIn: '`dialectModule: auroraMysql2`',
  open: async (access) => new SequelizeShop(openSequelize(access)),
  isDuplicate: (error) =>
    error instanceof UniqueConstraintError &&
    (error.original as { code?: string }).code === 'ER_DUP_ENTRY',
  // Sequelize's errors have the driver's as `original`.
  driverError: (error) => (error as { original?: unknown }).original ?? error,
}

describeBuilder(sequelize6)
