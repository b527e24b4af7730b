import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Options,
  Sequelize,
} from 'sequelize'
import type { Access } from './access.js'
import type { Customer, Shop } from './shop.js'

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

/** What is no option of Sequelize reaches `createConnection` by `dialectOptions`. */
export function openSequelize({ connection, mysql2 }: Access, options: Options = {}): Sequelize {
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

/** The shop as the manual of Sequelize 6 would write it. */
export class SequelizeShop implements Shop {
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
