// A Nest application with @nestjs/typeorm on aurora-mysql2: `driver: mysql` in TypeOrmModule.forRoot(), see app.ts.
//
// What to see: each incoming HTTP request is a request by itself. GETs are answered by readers, a POST reads back what it has written
// (notes.ts), and a failover in the middle fails no GET. A POST that was under way is answered with 503 and what became of its write.
//
//   npm start                         on the simulator's embedded storage, nothing to install
//   npm start -- --storage mysqld     on a real MariaDB or MySQL server from PATH

import 'reflect-metadata'
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { NestFactory } from '@nestjs/core'
import { startCluster } from 'aurora-mysql2-simulator'
import { appModule } from './app.js'
import { NotesService } from './notes.js'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })
const cluster = await startCluster({
  instances: 3,
  storage: values.storage as 'embedded' | 'mysqld',
})
await cluster.query('CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100))')

// In production there is no simulator: `host` is your cluster endpoint, and there is no `extra.aurora`.
const { user: username, aurora, ...connection } = cluster.connection
const module = appModule({ ...connection, username, extra: { aurora } })
const app = await NestFactory.create(module, { logger: ['warn', 'error'] })
await app.listen(0, '127.0.0.1')
const url = `${await app.getUrl()}/notes`

const post = (text: string) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  })
const first = (await (await post('buy milk')).json()) as { id: number; text: string }
assert.equal(first.text, 'buy milk')

const answers = { GET: new Map<number, number>(), POST: new Map<number, number>() }
let isOver = false

async function repeat(method: 'GET' | 'POST'): Promise<void> {
  for (; !isOver; await sleep(2)) {
    const { status } = await (method === 'GET' ? fetch(`${url}/${first.id}`) : post('visited'))
    answers[method].set(status, (answers[method].get(status) ?? 0) + 1)
  }
}

const created = () => answers.POST.get(201) ?? 0
const work = [repeat('GET'), repeat('GET'), repeat('GET'), repeat('POST'), repeat('POST')]
while (created() < 100) await sleep(10)
console.table(
  cluster.instances.map(({ id, role, counters }) => {
    return { id, role, reads: counters.reads, writes: counters.writes }
  }),
)
assert.ok(cluster.readers.every(({ counters }) => counters.writes === 0))
assert.ok(cluster.readers.some(({ counters }) => counters.reads > 50))

await cluster.failover({ detectMs: 100, promoteMs: 500 })
for (const before = created(); created() < before + 100; ) await sleep(10)
isOver = true
await Promise.all(work)

console.log('Answers with a failover in the middle:', answers)
const notes = (await app.get(NotesService).count()) - 1
await app.close()
await cluster.close()

const undecided = answers.POST.get(503) ?? 0
assert.deepEqual([...answers.GET.keys()], [200], 'no GET fails')
assert.ok(undecided <= 2, 'only the POSTs that were under way')
assert.equal([...answers.POST.keys()].filter((status) => ![201, 503].includes(status)).length, 0)
assert.ok(notes >= created() && notes <= created() + undecided, 'no note is lost or doubled')
