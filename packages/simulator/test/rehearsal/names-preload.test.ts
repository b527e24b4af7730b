import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startNameServer } from '../../src/names/name-server.js'
import { connectionEnvironment } from '../../src/rehearsal/connection-environment.js'
import { openCluster } from '../open-cluster.js'

/** Asks for names in every way that Node has, in a process of its own. */
const program = `
import dns, { lookup } from 'node:dns'
import { lookup as lookupPromise } from 'node:dns/promises'
import { promisify } from 'node:util'
const [name, missing] = process.argv.slice(1)
const called = (...given) => new Promise((resolve) => lookup(...given, (error, ...rest) => resolve(error ? error.code : rest)))
console.log(JSON.stringify({
  callback: await called(name),
  all: await called(name, { all: true }),
  upperCase: await called(name.toUpperCase() + '.', 4),
  promise: await lookupPromise(name),
  promiseAll: await dns.promises.lookup(name, { all: true }),
  promisified: await promisify(dns.lookup)(name),
  missing: await called(missing),
  other: (await called('localhost', { family: 4 }))[0],
}))
`

it('a Node program under the rehearsal looks the cluster’s names up, and all others as ever', async () => {
  const cluster = await openCluster({ storage: 'embedded' })
  const nameServer = await startNameServer({ cluster })
  try {
    const env = { ...process.env, ...connectionEnvironment(cluster, nameServer) }
    const args = ['--input-type=module', '-e', program, cluster.writerEndpoint]
    const missing = cluster.instance('instance-1').endpoint.replace('instance-1', 'instance-9')
    const { stdout } = await promisify(execFile)(process.execPath, [...args, missing], { env })
    const { address } = cluster.writer
    expect(JSON.parse(stdout)).toEqual({
      callback: [address, 4],
      all: [[{ address, family: 4 }]],
      upperCase: [address, 4],
      promise: { address, family: 4 },
      promiseAll: [{ address, family: 4 }],
      promisified: { address, family: 4 },
      missing: 'ENOTFOUND',
      other: '127.0.0.1',
    })
  } finally {
    await nameServer.close()
  }
})
