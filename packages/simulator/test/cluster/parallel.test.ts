import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildPackage } from '../build-package.js'
import { connectTo, firstRow, openCluster } from '../open-cluster.js'

let folder = ''

beforeAll(async () => {
  folder = await buildPackage()
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** As a test file does it: several clusters, some at once, some on a port that others want too. */
const program = `
import { createConnection } from 'mysql2/promise'
import { startCluster } from './built/index.mjs'
const [own] = process.argv.slice(2)
const options = [{}, {}, { port: 33061 }]
const clusters = await Promise.all(
  options.map((each) => startCluster({ storage: 'embedded', instances: 3, ...each })),
)
for (const [index, cluster] of clusters.entries()) {
  await cluster.query('CREATE TABLE marks (mark VARCHAR(20))')
  await cluster.query('INSERT INTO marks VALUES (?)', [own + index])
  if (index === 0) await cluster.failover({ detectMs: 1, promoteMs: 2, dnsMs: 3 })
}
const seen = []
for (const cluster of clusters) {
  for (const { address: host, port, state } of cluster.instances) {
    if (state !== 'up') continue
    const { user, password, database } = cluster.plainConnection
    const connection = await createConnection({ host, port, user, password, database })
    const [[row]] = await connection.query('SELECT GROUP_CONCAT(mark) AS marks FROM marks')
    seen.push(row.marks)
    await connection.end()
  }
}
await Promise.all(clusters.map((cluster) => cluster.close()))
console.log(seen.join())
`

it('test files that run beside each other do not meet', async () => {
  const path = join(folder, 'parallel.mjs')
  await writeFile(path, program)
  const run = promisify(execFile)
  const names = ['a', 'b', 'c', 'd']
  const outputs = await Promise.all(names.map((name) => run(process.execPath, [path, name])))
  for (const [index, { stdout }] of outputs.entries()) {
    const name = names[index]
    const seen = [0, 0, 1, 1, 1, 2, 2, 2].map((cluster) => `${name}${cluster}`)
    expect(stdout.trim()).toBe(seen.join())
  }
})

it('the same port means the same addresses, once they are free again', async () => {
  const first = await openCluster({ storage: 'embedded', port: 33062 })
  const addresses = first.instances.map((each) => each.address)
  const beside = await openCluster({ storage: 'embedded', port: 33062 })
  expect(beside.writer.address).not.toBe(first.writer.address)
  await first.close()
  const again = await openCluster({ storage: 'embedded', port: 33062 })
  expect(again.instances.map((each) => each.address)).toEqual(addresses)
  const id = await firstRow(
    await connectTo(again, again.readers[1]),
    'SELECT @@aurora_server_id AS id',
  )
  expect(id).toEqual({ id: 'instance-3' })
})
