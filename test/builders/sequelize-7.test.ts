import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  Sequelize,
  UniqueConstraintError,
} from '@sequelize/core'
import { MySqlDialect } from '@sequelize/mysql'
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

function openSequelize({ connection, mysql2 }: Access): Sequelize<MySqlDialect> {
  const { host, port, user, password, database, stream, aurora } = connection
  return new Sequelize<MySqlDialect>({
    dialect: MySqlDialect,
    mysql2Module: mysql2,
    host,
    port,
    user,
    password,
    database,
    ...(stream === undefined ? {} : { stream }),
    // Sequelize refuses options that it does not know; what this hook adds it passes on.
    hooks: { beforeConnect: (options) => void Object.assign(options, aurora && { aurora }) },
  })
}

class SequelizeShop implements Shop {
  readonly #sequelize: Sequelize<MySqlDialect>
  readonly #customers: ModelStatic<CustomerRow>
  readonly #visits: ModelStatic<VisitRow>

  constructor(sequelize: Sequelize<MySqlDialect>) {
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
    // Statements inside belong to it by AsyncLocalStorage.
    await this.#sequelize.transaction(async () => {
      await this.#customers.decrement({ credit }, { where: { id: from } })
      await this.#customers.increment({ credit }, { where: { id: to } })
      beforeCommit()
    })
  }

  async visit(unit: string): Promise<void> {
    await this.#visits.create({ unit, part: 0 })
  }

  async visitTwice(unit: string): Promise<void> {
    await this.#sequelize.transaction(async () => {
      await this.#visits.create({ unit, part: 0 })
      await this.#customers.findOne()
      await this.#visits.create({ unit, part: 1 })
    })
  }

  close(): Promise<void> {
    return this.#sequelize.close()
  }
}

const sequelize7: Builder = {
  name: 'Sequelize 7',
  npmPackage: '@sequelize/core',
  wayIn: '`mysql2Module: auroraMysql2`',
  open: async (access) => new SequelizeShop(openSequelize(access)),
  isDuplicate: (error) =>
    error instanceof UniqueConstraintError &&
    (error.cause as { code?: string }).code === 'ER_DUP_ENTRY',
  // Sequelize's errors have the driver's as `cause`.
  driverError: (error) => (error as { cause?: unknown }).cause ?? error,
}

describeBuilder(sequelize7)
