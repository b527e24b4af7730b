import pc from 'picocolors'

const SOURCES = {
  cluster: pc.yellow,
  'aurora-mysql2': pc.green,
  mysql2: pc.cyan,
  'per second': pc.dim,
}
const SOURCE_WIDTH = Math.max(...Object.keys(SOURCES).map((name) => name.length))

/** Tells what happens, one aligned line each: when, who says so, what. */
export class Narrator {
  #startedAtMs = performance.now()
  #print

  /** @param {(line: string) => void} print */
  constructor(print) {
    this.#print = print
  }

  /** Times are told from now on. */
  start() {
    this.#startedAtMs = performance.now()
  }

  /**
   * @param {keyof typeof SOURCES} source
   * @param {string} text
   */
  tell(source, text) {
    const seconds = ((performance.now() - this.#startedAtMs) / 1000).toFixed(2).padStart(6)
    const paint = SOURCES[source]
    const line = `${paint(source.padEnd(SOURCE_WIDTH))}  ${source === 'per second' ? pc.dim(text) : text}`
    this.#print(`${seconds} s  ${line}`)
  }

  /** Tells of everything that the cluster logs and a reader wants to know. Returns how to stop. */
  followCluster(cluster) {
    const tell = (text) => this.tell('cluster', text)
    return cluster.on((event) => {
      switch (event.type) {
        case 'instance-down':
          return tell(pc.red(`${event.instance} ${event.how === 'hang' ? 'falls silent' : 'dies'}`))
        case 'writer-lost':
          return tell(`Aurora notices that the writer ${event.instance} is gone`)
        case 'promoted':
          return tell(pc.bold(`${event.instance} is promoted to writer`))
        case 'dns-updated':
          return tell(`DNS: the cluster endpoint now resolves to ${event.instance}`)
        case 'instance-up':
          return tell(`${event.instance} is back, as a ${event.role}`)
      }
    })
  }

  /** Tells what a pool of aurora-mysql2 says about itself. */
  followPool(control) {
    const tell = (text) => this.tell('aurora-mysql2', text)
    control.on('failoverStarted', ({ writer, reason, code }) => {
      tell(`failover started: ${writer}, ${reason}${code ? ` (${code})` : ''}`)
    })
    control.on('instanceSuspected', ({ instance, silentMs }) => {
      tell(`${instance} owes answers and is silent for ${Math.round(silentMs)} ms: asking it`)
    })
    control.on('instanceFenced', ({ instance, reason, cut }) => {
      if (cut > 0) tell(`${instance} fenced (${reason}), ${cut} connections in use cut`)
    })
    control.on('writerPromoted', ({ writer, previous }) => {
      tell(pc.bold(`${writer} says that it is the writer, in place of ${previous}`))
    })
    control.on('failoverCompleted', ({ writer, durationMs, woken }) => {
      const waited = `${woken} waiting ${woken === 1 ? 'statement goes' : 'statements go'} on`
      tell(`failover to ${writer} completed after ${Math.round(durationMs)} ms: ${waited}`)
    })
  }

  /** Sums up the last second of each side, once a second. Returns how to stop. */
  followSides(sides) {
    const before = new Map(sides.map((side) => [side, { writes: 0, reads: 0, failures: 0 }]))
    const timer = setInterval(() => {
      const parts = sides.map((side) => {
        const { readCount: reads, writeCount: writes, failedCount: failures } = side
        const now = { reads, writes, failures }
        const last = before.get(side)
        before.set(side, now)
        const since = (key) => String(now[key] - last[key]).padStart(4)
        const errors = `${since('failures')} errors`
        const text = `${since('reads')} reads ${since('writes')} writes `
        return `${side.name} ${text}${now.failures > last.failures ? pc.red(errors) : errors}`
      })
      this.tell('per second', parts.join('  │ '))
    }, 1000)
    return () => clearInterval(timer)
  }
}
