import { createLogUpdate } from 'log-update'
import pc from 'picocolors'

const REFRESH_MS = 200
const BARS = '▁▂▃▄▅▆▇█'
/** How many half seconds the bars reach back. */
const SHOWN_STEPS = 40
const STEP_MS = 500

/**
 * What is printed while the demo runs. On a terminal the lines scroll above a block that shows how things stand now;
 * elsewhere there are the lines alone.
 */
export class LiveView {
  #cluster
  #sides
  #rates = new Map()
  #update
  #timer
  #stepTimer

  /**
   * @param {import('aurora-mysql2-simulator').Cluster} cluster
   * @param {readonly import('./side.mjs').Side[]} sides
   */
  constructor(cluster, sides) {
    this.#cluster = cluster
    this.#sides = sides
    this.isLive = process.stdout.isTTY === true
    for (const side of sides) this.#rates.set(side, { steps: [], last: countsOf(side) })
    if (this.isLive) this.#update = createLogUpdate(process.stdout)
  }

  /** Shows the block, on a terminal. */
  start() {
    if (!this.isLive) return
    this.#stepTimer = setInterval(() => this.#step(), STEP_MS)
    this.#timer = setInterval(() => this.#show(), REFRESH_MS)
    this.#show()
  }

  /** Takes the block away. */
  stop() {
    clearInterval(this.#timer)
    clearInterval(this.#stepTimer)
    this.#update?.clear()
    this.#update = undefined
  }

  /** @param {string} line */
  print(line) {
    this.#update?.clear()
    console.log(line)
    if (this.#timer) this.#show()
  }

  #step() {
    for (const side of this.#sides) {
      const rate = this.#rates.get(side)
      const now = countsOf(side)
      const { last } = rate
      rate.steps.push({ answered: now.answered - last.answered, failed: now.failed - last.failed })
      if (rate.steps.length > SHOWN_STEPS) rate.steps.shift()
      rate.last = now
    }
  }

  #show() {
    const instances = this.#cluster.instances.map(({ id, role, state }) => {
      if (state !== 'up') return pc.red(`${id} ${state === 'hung' ? 'silent' : state}`)
      return role === 'writer' ? pc.bold(`${id} writer`) : pc.dim(`${id} ${role}`)
    })
    const width = Math.max(...this.#sides.map(({ name }) => name.length))
    const peak = Math.max(
      1,
      ...[...this.#rates.values()].flatMap(({ steps }) => steps.map(({ answered }) => answered)),
    )
    const lines = this.#sides.map((side) => {
      const { steps } = this.#rates.get(side)
      const { answered = 0, failed = 0 } = steps.at(-1) ?? {}
      const perSecond = (count) => String(Math.round((count * 1000) / STEP_MS)).padStart(5)
      const errors = `${perSecond(failed)} errors/s`
      const bars = steps.map((step) => barOf(step, peak)).join('')
      return `${side.name.padEnd(width)} ${perSecond(answered)} requests/s ${failed > 0 ? pc.red(errors) : errors}  ${bars}`
    })
    this.#update?.(['', instances.join('   '), ...lines].join('\n'))
  }
}

function countsOf({ answeredCount, failedCount }) {
  return { answered: answeredCount, failed: failedCount }
}

/** The height is what was answered; red: something failed. */
function barOf({ answered, failed }, peak) {
  const bar = BARS[Math.min(BARS.length - 1, Math.floor((answered / peak) * BARS.length))]
  return failed > 0 ? pc.red(bar) : bar
}
