// Two copies of one application run side by side through two failovers of one simulated Aurora cluster. They differ in
// one line: the pool. Takes half a minute, writes a page with what was seen, and exits with 0 only if aurora-mysql2 lost
// and doubled nothing.
//
//   npm run demo                      from the root of the repository
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server instead of the embedded storage
//   node index.mjs --report demo.html where to write the page; default: a file in the temporary directory

import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'
import { figureTable, recordCluster, reportHtml } from 'aurora-mysql2-simulator/rehearsal'
import mysql from 'mysql2/promise'
import { audit } from './audit.mjs'
import { LiveView } from './live-view.mjs'
import { Narrator } from './narrator.mjs'
import { ReadShare } from './read-share.mjs'
import { resultTable } from './result-table.mjs'
import { Side } from './side.mjs'

const CONNECTION_LIMIT = 16

/** What is done to the cluster, in seconds from the start of the load. The rest follows by itself. */
const FAULTS = [
  { at: 4, title: 'Crash', fault: { how: 'crash', promoteMs: 1000, dnsMs: 4000, returnMs: 2500 } },
  {
    at: 14,
    title: 'Silence',
    fault: { how: 'hang', promoteMs: 1000, dnsMs: 4000, returnMs: 6000 },
  },
]
const LOAD_SECONDS = 28

const { values } = parseArgs({
  options: {
    storage: { type: 'string', default: 'embedded' },
    report: { type: 'string', default: join(tmpdir(), 'aurora-mysql2-demo.html') },
  },
})

console.log('Starting a simulated Aurora cluster: one writer, two readers.')
const cluster = await startCluster({
  instances: 3,
  storage: values.storage,
  recordStatements: true,
})

const auroraPool = createAuroraPool({
  ...cluster.connection,
  connectionLimit: CONNECTION_LIMIT,
})
const plainPool = mysql.createPool({
  ...cluster.plainConnection,
  connectionLimit: CONNECTION_LIMIT,
})

/** Made once there is something to show. */
let narrator

/** The first error after a fault says enough; the rest is counted. */
const isTold = { 'aurora-mysql2': false, mysql2: false }
const tellFirst =
  (name) =>
  ({ kind, error }) => {
    if (isTold[name]) return
    isTold[name] = true
    const outcome = error.aurora?.outcome ? `, outcome ${error.aurora.outcome}` : ''
    narrator.tell(name, `a ${kind} fails: ${error.code ?? error.message}${outcome}`)
  }

const ours = new Side({
  name: 'aurora-mysql2',
  prefix: 'ours',
  pool: auroraPool,
  // What a web application gets from its HTTP server by itself.
  inRequest: (work) => auroraPool.aurora.session(work),
  onFailure: tellFirst('aurora-mysql2'),
})
const plain = new Side({
  name: 'mysql2',
  prefix: 'plain',
  pool: plainPool,
  inRequest: (work) => work(),
  onFailure: tellFirst('mysql2'),
})
const sides = [ours, plain]

for (const side of sides) await side.createTables()
await auroraPool.aurora.ready()

const readShare = new ReadShare(
  cluster,
  sides.map(({ prefix }) => prefix),
)
console.log('Reads, writes and transactions on both pools. The cluster fails twice.\n')
const view = new LiveView(cluster, sides)
narrator = new Narrator((line) => view.print(line))
const stopFollowing = [narrator.followCluster(cluster)]
// A terminal shows what is going on all the time.
if (!view.isLive) stopFollowing.push(narrator.followSides(sides))
narrator.followPool(auroraPool.aurora)
narrator.start()
view.start()

const startedAt = new Date()
const recording = recordCluster(cluster)
const { startedAtMs } = recording
const running = sides.map((side) => side.run())
const firstWriteMs = new Map(sides.map((side) => [side, []]))

for (const { at, fault } of FAULTS) {
  await sleep(startedAtMs + at * 1000 - performance.now())
  isTold['aurora-mysql2'] = isTold.mysql2 = false
  // Listened to before the promotion, so that not a moment is missed.
  const promoted = cluster.until('promoted').then(() => performance.now())
  void cluster.failover(fault)
  const promotedAtMs = await promoted
  for (const side of sides) {
    const results = firstWriteMs.get(side)
    const index = results.push(undefined) - 1
    void side.nextWrite().then((writtenAtMs) => {
      results[index] = writtenAtMs - promotedAtMs
      narrator.tell(side.name, `writes again, ${Math.round(results[index])} ms after the promotion`)
    })
  }
}

await sleep(startedAtMs + LOAD_SECONDS * 1000 - performance.now())
for (const side of sides) side.stop()
await Promise.all(running)
const record = recording.stop()
for (const stop of stopFollowing) stop()
readShare.stop()
view.stop()

const loads = []
const audits = new Map()
for (const side of sides) {
  const found = await audit(cluster, side)
  audits.set(side, found)
  const facts = [
    { title: 'Acknowledged writes lost', value: String(found.lost) },
    { title: 'Writes doubled', value: String(found.doubled) },
    { title: 'Transactions torn', value: String(found.torn) },
    {
      title: 'Reads served by readers',
      value: `${Math.round(readShare.of(side.prefix) * 100)} %`,
    },
  ]
  loads.push({ ...side.record(startedAtMs), facts })
}
await Promise.all(sides.map((side) => side.close()))
await cluster.close()

const runs = [
  {
    name: 'Two applications on one cluster',
    cluster: record,
    loads,
    faults: FAULTS.map(({ title }) => title),
  },
]
const report = resolve(values.report)
await writeFile(report, reportHtml({ title: 'A crash, then a silence', startedAt, runs }))
console.log(`\n${resultTable(figureTable(runs))}`)
console.log(`\nThe same with charts: ${pathToFileURL(report).href}`)

const found = audits.get(ours)
const resumed = firstWriteMs.get(ours)
const isWhole = found.lost === 0 && found.doubled === 0 && found.torn === 0
const isResumed = resumed.every((ms) => ms !== undefined)
if (!isWhole) {
  console.error(
    `\naurora-mysql2 lost ${found.lost} acknowledged writes, doubled ${found.doubled} and tore ${found.torn} transactions.`,
  )
} else if (!isResumed) {
  console.error('\naurora-mysql2 did not write again after every failover.')
} else {
  console.log('\naurora-mysql2 lost nothing and ran nothing twice.')
}
process.exitCode = isWhole && isResumed ? 0 : 1
