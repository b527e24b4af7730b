// What the examples of query builders have in common: reads and writes, then the same through a crash of the writer. Not an
// example by itself; each of them brings its own way to read and to write.

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** What is read before the crash, in batches of ten with one write each. */
const BATCH_COUNT = 30
const READS_PER_BATCH = 10

/** The first batches may find readers that are not connected to yet. */
const LEAST_READS_ON_READERS = 250

/** So many writes are acknowledged under load before the crash, and again after it. */
const WRITES_AROUND = 10

/** Longer than a reader of the simulator lags. */
const LAG_MS = 500

/**
 * @typedef {object} Rehearsed
 * @property {(work: (...given: any[]) => Promise<void>) => Promise<void>} request does one piece of work as a request by itself;
 *   what it gives to the work is given to `read` or `write`
 * @property {(...given: any[]) => Promise<void>} read rejects when it fails, or when what it reads is wrong
 * @property {(...given: any[]) => Promise<void>} write writes the same each time, once
 * @property {(error: any) => string | undefined} outcomeOf what became of a write that failed: where the query builder keeps
 *   `aurora.outcome` of mysql2's error
 * @property {string} written SQL that counts the writes which took effect
 */

/**
 * Reads and writes in batches and shows which instance served what; then the writer crashes under load, until writes go on. Checks
 * that readers serve the reads and get no write, that no read fails, that a write that fails says what became of it, and that
 * none is lost or done twice.
 *
 * @param {import('aurora-mysql2-simulator').Cluster} cluster
 * @param {Rehearsed} rehearsed
 */
export async function rehearse(cluster, { request, read, write, outcomeOf, written }) {
  const count = { reads: 0, writes: 0, unknown: 0, rolledBack: 0 }
  const readOnce = async () => {
    await request(read)
    count.reads += 1
  }
  const writeOnce = async () => {
    try {
      await request(write)
      count.writes += 1
    } catch (error) {
      // Under way when the writer went.
      const outcome = outcomeOf(error)
      assert.match(outcome ?? '', /^(unknown|rolled-back)$/, `says what became of it: ${error}`)
      count[outcome === 'unknown' ? 'unknown' : 'rolledBack'] += 1
    }
  }

  // What was written before reaches the readers about as fast as they lag.
  await sleep(LAG_MS)
  for (let batch = 0; batch < BATCH_COUNT; batch += 1) {
    await writeOnce()
    await Promise.all(Array.from({ length: READS_PER_BATCH }, readOnce))
  }
  showWhoServed(cluster)
  const onReaders = cluster.readers.map(({ counters }) => counters)
  const readsOnReaders = sum(onReaders.map(({ reads }) => reads))
  assert.ok(readsOnReaders >= LEAST_READS_ON_READERS, 'readers serve what is read')
  assert.equal(sum(onReaders.map(({ writes }) => writes)), 0, 'no write reaches a reader')

  let isOver = false
  const untilOver = async (work) => {
    for (; !isOver; await sleep(5)) await work()
  }
  const moreWrites = async () => {
    const before = count.writes
    while (count.writes < before + WRITES_AROUND) await sleep(5)
  }
  const crash = async () => {
    await moreWrites()
    // The writer crashes; a reader is promoted a second later.
    await cluster.failover({ promoteMs: 1000 })
    await moreWrites()
    isOver = true
  }
  const load = [readOnce, readOnce, readOnce, writeOnce, writeOnce]
  await Promise.all([crash(), ...load.map(untilOver)])

  const [row] = await cluster.query(written)
  const writtenCount = Number(Object.values(row)[0])
  assert.ok(writtenCount >= count.writes, 'no write that was acknowledged is lost')
  assert.ok(writtenCount <= count.writes + count.unknown, 'none was done twice')
  assert.ok(Number.isInteger(writtenCount), 'none was done in part')
  const inFlight = count.unknown + count.rolledBack
  console.log(
    `Through a failover: ${count.reads} reads, none failed; ${count.writes} writes, ${inFlight} in flight when the writer went.`,
  )
}

function showWhoServed(cluster) {
  console.table(
    cluster.instances.map(({ id, role, counters: { reads, writes } }) => {
      return { instance: id, role, reads, writes }
    }),
  )
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0)
}
