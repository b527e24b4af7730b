import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 5

/** Customers of the service, and what they were told: the load of the rehearsal. */
export class Customers {
  placed = []
  failedOrders = []
  failedPages = []
  pageCount = 0
  #service
  #isStopping = false
  #working

  /** @param {import('./order-service.mjs').OrderService} service */
  constructor(service) {
    this.#service = service
  }

  /** Four of them order, eight look at the page. */
  start() {
    let orderCount = 0
    const order = async () => {
      orderCount += 1
      const reference = `order-${orderCount}`
      try {
        await this.#service.place(reference)
        this.placed.push(reference)
      } catch (error) {
        this.failedOrders.push({ reference, error })
      }
    }
    const look = async () => {
      try {
        await this.#service.latest()
        this.pageCount += 1
      } catch (error) {
        this.failedPages.push(error)
      }
    }
    this.#working = Promise.all([
      ...Array.from({ length: 4 }, () => this.#repeat(order)),
      ...Array.from({ length: 8 }, () => this.#repeat(look)),
    ])
  }

  /** Resolves when so many more orders have been placed. */
  async morePlaced(count) {
    const wanted = this.placed.length + count
    while (this.placed.length < wanted) await sleep(PAUSE_MS)
  }

  async stop() {
    this.#isStopping = true
    await this.#working
  }

  async #repeat(visit) {
    while (!this.#isStopping) {
      await visit()
      await sleep(PAUSE_MS)
    }
  }
}
