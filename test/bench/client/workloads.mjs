import { READ, ROW_COUNT } from './contestants.mjs'

/** @typedef {import('./contestants.mjs').Contestant} Contestant */

/** @type {Record<string, (client: Contestant, wish: any) => Promise<any>>} */
export const WORKLOADS = {
  statements,
  sessions,
  rows,
  insert,
  stream,
  texts,
}

/** Statements by primary key, `workers` at a time; `way` is a method of the contestant. */
async function statements(client, { way, workers, count }) {
  const latencies = new Float64Array(count)
  const run = way === 'callback' ? withCallbacks : withPromises
  const cost = await measured(() => run(client, way, workers, latencies))
  latencies.sort()
  return {
    cpuMicros: cost.cpuMicros / count,
    userMicros: cost.userMicros / count,
    p50Ms: latencies[Math.floor(count * 0.5)],
    p99Ms: latencies[Math.floor(count * 0.99)],
    perSecond: (1_000 * count) / cost.tookMs,
  }
}

async function withPromises(client, way, workers, latencies) {
  let begun = 0
  const work = async () => {
    while (begun < latencies.length) {
      const index = begun++
      const fromMs = performance.now()
      await client[way](READ, [1 + (index % ROW_COUNT)])
      latencies[index] = performance.now() - fromMs
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
}

function withCallbacks(client, _way, workers, latencies) {
  return new Promise((resolve, reject) => {
    let begun = 0
    let left = workers
    const next = () => {
      if (begun === latencies.length) {
        if (--left === 0) resolve(undefined)
        return
      }
      const index = begun++
      const fromMs = performance.now()
      client.callback(READ, [1 + (index % ROW_COUNT)], (error) => {
        if (error) return reject(error)
        latencies[index] = performance.now() - fromMs
        next()
      })
    }
    for (let worker = 0; worker < workers; worker += 1) next()
  })
}

/** Four reads in each `session(fn)`, as requests of an application do. */
async function sessions({ pool }, { workers, count }) {
  let left = count
  const work = async () => {
    while (left > 0) {
      left -= 4
      await pool.aurora.session(async () => {
        for (let read = 0; read < 4; read += 1) await pool.query(READ, [1 + (read % ROW_COUNT)])
      })
    }
  }
  const { cpuMicros } = await measured(() => Promise.all(Array.from({ length: workers }, work)))
  return { cpuMicros: cpuMicros / count }
}

/** One result of 10,000 rows. */
async function rows({ query }, { count }) {
  const sql = 'SELECT a.id, a.text, b.id AS other, b.text AS more FROM item a, item b'
  const { cpuMicros } = await measured(async () => {
    for (let turn = 0; turn < count; turn += 1) await query(sql, [])
  })
  return { cpuMicros: cpuMicros / count, ...memory() }
}

/** An INSERT of 4 MB. */
async function insert({ query }, { count }) {
  const blob = Buffer.alloc(4 << 20, 'x')
  const { cpuMicros } = await measured(async () => {
    for (let turn = 0; turn < count; turn += 1) {
      await query('REPLACE INTO large_item (id, content) VALUES (?, ?)', [1, blob])
    }
  })
  return { cpuMicros: cpuMicros / count, ...memory() }
}

/** A stream of 1,000,000 rows; of the callback API. */
async function stream({ pool }, { count }) {
  const sql = 'SELECT a.id, b.text FROM item a, item b, item c'
  const { cpuMicros } = await measured(async () => {
    for (let turn = 0; turn < count; turn += 1) {
      let seen = 0
      for await (const row of pool.query(sql).stream()) if (row !== undefined) seen += 1
      if (seen !== ROW_COUNT ** 3) throw new Error(`The stream ended after ${seen} rows`)
    }
  })
  return { cpuMicros: cpuMicros / count, ...memory() }
}

/** Statements of `distinct` texts, from number `from` on; then what is left on the heap. */
async function texts({ query }, { workers, count, distinct, from }) {
  let begun = from
  const work = async () => {
    while (begun < from + count) {
      const number = begun++ % distinct
      await query(`${READ} AND ${number} = ${number}`, [1 + (number % ROW_COUNT)])
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  globalThis.gc()
  globalThis.gc()
  return { heapBytes: process.memoryUsage().heapUsed }
}

function memory() {
  return { peakKb: process.resourceUsage().maxRSS }
}

async function measured(work) {
  const before = process.cpuUsage()
  const fromMs = performance.now()
  await work()
  const tookMs = performance.now() - fromMs
  const { user, system } = process.cpuUsage(before)
  return { cpuMicros: user + system, userMicros: user, tookMs }
}
