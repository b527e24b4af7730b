// Nothing of a statement may outlive it. A closure per statement in what lives long is enough for V8 to keep every statement through its
// collections, and to move it into old space: a third of the processor time went there once, and no heap grew for long.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { getHeapSpaceStatistics } from 'node:v8'
import { createAuroraPool } from 'aurora-mysql2'

const WARM_UP = 15_000
const COUNT = 15_000
const WORKERS = 16
/** What moves to old space for each: some bytes where nothing is kept, more than a thousand where the statement is. */
const MOST_BYTES = 200
/** V8 may take what one line of code makes for long-lived by bad luck; it does not have that twice. */
const ATTEMPTS = 2
const READ = 'SELECT id, text FROM item WHERE id = ?'

/** @type {Record<string, (pool: any) => Promise<unknown>>} */
const WAYS = {
  query: (pool) => pool.promise().query(READ, [1]),
  execute: (pool) => pool.promise().execute(READ, [1]),
  callback: (pool) =>
    new Promise((resolve, reject) => {
      pool.query(READ, [1], (error, rows) => (error ? reject(error) : resolve(rows)))
    }),
  session: async (pool) => {
    const session = await pool.promise().getConnection()
    await session.query(READ, [1])
    session.release()
  },
}

async function run(pool, way, count) {
  let begun = 0
  const work = async () => {
    while (begun++ < count) await WAYS[way](pool)
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
}

function oldSpaceBytes() {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')
    ?.space_used_size
}

/** Bytes for each statement that are in old space when it has ended. */
async function promoted(pool, way) {
  await run(pool, way, WARM_UP)
  const before = oldSpaceBytes()
  await run(pool, way, COUNT)
  return (oldSpaceBytes() - before) / COUNT
}

if (process.argv[2] === 'measure') {
  const pool = createAuroraPool(JSON.parse(process.argv[3]))
  process.send({ bytes: await promoted(pool, process.argv[4]) })
  await pool.promise().end()
  process.disconnect()
} else {
  const server = fork(fileURLToPath(new URL('server.mjs', import.meta.url)))
  const [connection] = await once(server, 'message')
  for (const way of Object.keys(WAYS)) {
    const seen = []
    while (seen.length < ATTEMPTS && !(seen.at(-1) <= MOST_BYTES)) {
      const args = ['measure', JSON.stringify(connection), way]
      const client = fork(fileURLToPath(import.meta.url), args)
      const failed = once(client, 'exit').then(([code]) => assert.equal(code, 0))
      const answer = await Promise.race([once(client, 'message'), failed])
      seen.push(answer?.[0].bytes)
    }
    assert(seen.at(-1) <= MOST_BYTES, `${way} leaves ${seen.join(', then ')} bytes in old space`)
  }
  server.disconnect()
}
