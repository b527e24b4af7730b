// One process of the fleet: a pool, ten workers, and an account of what they met. Started by `real-fleet.mjs`.

import { setTimeout as sleep } from 'node:timers/promises'
import { createAuroraPool } from 'aurora-mysql2/promise'

const PAUSE_MS = 400

/** Wall-clock times, which all processes of a machine share. @type {number[]} */
const writtenAtMs = []
let failedWrites = 0
/** @type {AbortController} */
const stopping = new AbortController()

process.on('message', (/** @type {any} */ message) => {
  if (message.type === 'start') void start(message)
  else stopping.abort()
})

/** @param {{ connection: any, addresses: Record<string, string>, connectionLimit: number }} given */
async function start({ connection, addresses, connectionLimit }) {
  const pool = createAuroraPool({
    ...connection,
    connectionLimit,
    aurora: {
      lookup: (/** @type {string} */ name, /** @type {any} */ options, /** @type {any} */ done) => {
        const address = addresses[name]
        if (address === undefined)
          return done(Object.assign(new Error(name), { code: 'ENOTFOUND' }))
        return options.all ? done(null, [{ address, family: 4 }]) : done(null, address, 4)
      },
    },
  })
  await pool.aurora.ready()
  process.send?.({ type: 'ready' })
  await Promise.all(Array.from({ length: connectionLimit }, () => work(pool)))
  await pool.end()
  process.send?.({ type: 'report', writtenAtMs, failedWrites }, () => process.disconnect())
}

/** @param {import('aurora-mysql2/promise').AuroraPool} pool */
async function work(pool) {
  while (!stopping.signal.aborted) {
    try {
      await pool.query("INSERT INTO fleet (token) VALUES ('x')")
      writtenAtMs.push(Date.now())
    } catch {
      failedWrites += 1
    }
    await sleep(PAUSE_MS * 2 * Math.random(), undefined, { signal: stopping.signal }).catch(
      () => {},
    )
  }
}
