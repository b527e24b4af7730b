/** A part of an imaginary application: it takes orders and lists them. It knows nothing of clusters. */
export class OrderService {
  #pool

  /** @param {import('mysql2/promise').Pool} pool */
  constructor(pool) {
    this.#pool = pool
  }

  async createTable() {
    await this.#pool.query(
      'CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, reference VARCHAR(40) NOT NULL)',
    )
  }

  async place(reference) {
    await this.#pool.query('INSERT INTO orders (reference) VALUES (?)', [reference])
  }

  async latest() {
    const [orders] = await this.#pool.query(
      'SELECT id, reference FROM orders ORDER BY id DESC LIMIT 10',
    )
    return orders
  }
}
