// CPU of this process per read, with consistency 'session' and 'eventual', in interleaved rounds; 'eventual' runs twice in
// each round, so that the spread between two equal pools shows. Reads run in sessions of four, as requests of an
// application do. Given the cluster as JSON in the first argument; prints one line of JSON.

import { createAuroraPool } from 'aurora-mysql2/promise'

const ROUNDS = 21
const READS = 4_000
const WORKERS = 16

const { addresses, ...target } = JSON.parse(process.argv[2])
const lookup = (host, options, callback) => {
  const found = [{ address: addresses[host], family: 4 }]
  process.nextTick(() =>
    options.all ? callback(null, found) : callback(null, found[0].address, found[0].family),
  )
}
const poolWith = (consistency) => createAuroraPool({ ...target, aurora: { lookup, consistency } })
const pools = {
  session: poolWith('session'),
  eventual: poolWith('eventual'),
  again: poolWith('eventual'),
}
await Promise.all(Object.values(pools).map((pool) => pool.aurora.ready()))

async function cpuPerRead(pool) {
  let left = READS
  const before = process.cpuUsage()
  const work = async () => {
    while (left > 0) {
      left -= 4
      await pool.aurora.session(async () => {
        for (let read = 0; read < 4; read += 1) {
          await pool.query('SELECT text FROM item WHERE id = ?', [1])
        }
      })
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / READS
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
const names = Object.keys(pools)
for (const name of names) await cpuPerRead(pools[name])
const rounds = { session: [], eventual: [], again: [] }
for (let round = 0; round < ROUNDS; round += 1) {
  const shift = round % names.length
  for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
    rounds[name].push(await cpuPerRead(pools[name]))
  }
}
await Promise.all(Object.values(pools).map((pool) => pool.end()))

const session = median(rounds.session)
const eventual = median(rounds.eventual)
const again = median(rounds.again)
console.log(
  JSON.stringify({
    node: process.versions.node,
    sessionMicros: session,
    eventualMicros: eventual,
    ratio: session / ((eventual + again) / 2),
    sameAgainstSame: again / eventual,
  }),
)
