import { readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { expect, it } from 'vitest'
import { startNameServer } from '../../src/index.js'
import { packageFolder } from '../build-package.js'
import { firstRow, openCluster } from '../open-cluster.js'

it('the manual’s look-up function for Node leads to the cluster by its names', async () => {
  const cluster = await openCluster({ storage: 'embedded' })
  const server = await startNameServer({ cluster })
  const manual = await readFile(join(packageFolder, 'docs', 'names.md'), 'utf8')
  const [, sample = ''] = /```js\n\/\/ names\.mjs\n([\s\S]*?)```/.exec(manual) ?? []
  const path = join(packageFolder, 'node_modules', `names-${process.pid}.mjs`)
  await writeFile(path, sample)
  process.env.SIMULATOR_DNS = `${server.host}:${server.port}`
  try {
    const { lookup } = await import(path)
    for (const [host, id] of [
      [cluster.writerEndpoint, 'instance-1'],
      [cluster.instance('instance-3').endpoint, 'instance-3'],
    ] as const) {
      const { port, user, password, database } = cluster.connection
      const stream = () => connect({ host, port, lookup })
      const connection = await createConnection({ user, password, database, stream })
      expect(await firstRow(connection, 'SELECT @@aurora_server_id AS id')).toEqual({ id })
      await connection.end()
    }
  } finally {
    delete process.env.SIMULATOR_DNS
    await rm(path)
    await server.close()
  }
})
