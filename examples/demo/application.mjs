/**
 * A small shop. It speaks mysql2's promise API and knows nothing of clusters or failovers: the demo runs exactly this
 * code twice, once on a pool of aurora-mysql2 and once on a pool of mysql2.
 */
export class Shop {
  #pool
  #orders
  #bookings

  /**
   * @param {import('mysql2/promise').Pool} pool
   * @param {string} prefix each shop has tables of its own
   */
  constructor(pool, prefix) {
    this.#pool = pool
    this.#orders = `${prefix}_orders`
    this.#bookings = `${prefix}_bookings`
  }

  /** Neither table has a unique key on `token`: a statement that runs twice leaves two rows. */
  async createTables() {
    await this.#pool.query(
      `CREATE TABLE ${this.#orders} (
        id BIGINT AUTO_INCREMENT PRIMARY KEY, token VARCHAR(40) NOT NULL, amount INT NOT NULL)`,
    )
    await this.#pool.query(
      `CREATE TABLE ${this.#bookings} (
        id BIGINT AUTO_INCREMENT PRIMARY KEY, token VARCHAR(40) NOT NULL, amount INT NOT NULL)`,
    )
  }

  /** A page that only reads. */
  async showLatest() {
    await this.#pool.query(`SELECT id, token, amount FROM ${this.#orders} ORDER BY id DESC LIMIT 5`)
  }

  /** A write; the answer shows what was written. */
  async placeOrder(token) {
    const [{ insertId }] = await this.#pool.query(
      `INSERT INTO ${this.#orders} (token, amount) VALUES (?, ?)`,
      [token, 100],
    )
    return insertId
  }

  /** The page after an order: it must show the order that the same request has placed. */
  async showOrder(id) {
    const [rows] = await this.#pool.query(
      `SELECT token, amount FROM ${this.#orders} WHERE id = ?`,
      [id],
    )
    if (rows.length === 0) throw new Error('The order that was just placed is not there')
  }

  /** A transaction of two rows: both are there afterwards, or neither. */
  async book(token) {
    const connection = await this.#pool.getConnection()
    try {
      await connection.beginTransaction()
      const insert = `INSERT INTO ${this.#bookings} (token, amount) VALUES (?, ?)`
      await connection.query(insert, [token, 100])
      await connection.query(insert, [token, -100])
      await connection.commit()
    } catch (error) {
      // On a connection that is lost this fails as well, and nothing is left to roll back.
      await connection.rollback().catch(() => {})
      throw error
    } finally {
      connection.release()
    }
  }
}
