import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, type NameServer, startNameServer } from '../../src/index.js'
import { packageFolder } from '../build-package.js'
import { openCluster } from '../open-cluster.js'

/**
 * The AWS wrapper in a process whose names come from the cluster's DNS server, as a resolver of the system would get them.
 * It does what each line of its input says, and answers each with a line.
 */
const program = `
import dns from 'node:dns'
import { createInterface } from 'node:readline'
const [server, host, port, plugins] = process.argv.slice(2)
const resolver = new dns.Resolver()
resolver.setServers([server])
dns.lookup = (name, options, callback) => {
  const done = callback ?? options
  resolver.resolve4(name, (error, [address] = []) => {
    if (error) done(error)
    else if (options.all) done(null, [{ address, family: 4 }])
    else done(null, address, 4)
  })
}
const { PluginManager } = await import('aws-advanced-nodejs-wrapper')
const { AwsMySQLClient } = await import('aws-advanced-nodejs-wrapper/mysql')
const login = { user: 'app', password: 'app-password', database: 'app' }
const client = new AwsMySQLClient({ host, port: Number(port), plugins, failoverTimeoutMs: 20000, ...login })
const who = async () => (await client.query('SELECT @@aurora_server_id AS id'))[0][0].id
const deeds = {
  connect: () => client.connect(),
  read: () => client.setReadOnly(true),
  write: () => client.query('INSERT INTO t () VALUES ()'),
}
for await (const line of createInterface({ input: process.stdin })) {
  try {
    await deeds[line]()
    console.log('answer', line, await who())
  } catch (error) {
    console.log('answer', line, error.constructor.name)
  }
}
await client.end()
await PluginManager.releaseResources()
`

let folder = ''
let names: NameServer | undefined
let child: ChildProcess | undefined

beforeAll(async () => {
  // Inside the package, so that its dependencies are found.
  folder = await mkdtemp(join(packageFolder, 'node_modules', '.wrapper-'))
  await writeFile(join(folder, 'client.mjs'), program)
})

afterEach(async () => {
  child?.kill('SIGKILL')
  await names?.close()
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Starts the client; returns how to have it do something and hear how it went. */
async function startWrapper(cluster: Cluster, plugins: string) {
  names = await startNameServer({ cluster })
  const at = `${names.host}:${names.port}`
  const path = join(folder, 'client.mjs')
  const args = [path, at, cluster.writerEndpoint, `${cluster.port}`, plugins]
  const started = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  child = started
  // The wrapper writes its log there as well.
  const lines = createInterface({ input: started.stdout })
  const answers = lines[Symbol.asyncIterator]()
  return async (deed: 'connect' | 'read' | 'write'): Promise<string> => {
    started.stdin.write(`${deed}\n`)
    for (;;) {
      const { value, done } = await answers.next()
      if (done) return 'ended'
      const [, answer] = /^answer \w+ (.*)$/.exec(value) ?? []
      if (answer !== undefined) return answer
    }
  }
}

async function openWithTable(): Promise<Cluster> {
  // The names lead to the old writer all the time: only the topology tells where the new one is.
  const timings = { detectMs: 50, promoteMs: 200, dnsMs: 600_000, returnMs: 600_000 }
  const cluster = await openCluster({ timings })
  await cluster.query('CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT)')
  return cluster
}

describe('aws-advanced-nodejs-wrapper', () => {
  it('discovers the instances: asked to read, it goes to a reader by the reader’s own name', async () => {
    const cluster = await openWithTable()
    const tell = await startWrapper(cluster, 'readWriteSplitting')
    expect(await tell('connect')).toBe('instance-1')
    const reader = await tell('read')
    expect(['instance-2', 'instance-3']).toContain(reader)
    const { endpoint } = cluster.instance(reader)
    expect(cluster.lookups.get(endpoint)).toBeGreaterThan(0)
    expect(cluster.lookups.get(cluster.readerEndpoint)).toBeUndefined()
  })

  it.each(['auroraConnectionTracker,failover,efm', 'auroraConnectionTracker,failover2,efm2'])(
    'fails over to the promoted reader, without DNS: %s',
    async (plugins) => {
      const cluster = await openWithTable()
      const tell = await startWrapper(cluster, plugins)
      expect([await tell('connect'), await tell('write')]).toEqual(['instance-1', 'instance-1'])
      await cluster.failover({ to: 'instance-3' })
      const heard: string[] = []
      // It reports a failover that went well as an error, and some losses as they are.
      for (let attempt = 0; attempt < 20 && heard.at(-1) !== 'instance-3'; attempt += 1) {
        heard.push(await tell('write'))
      }
      expect(heard.at(-1)).toBe('instance-3')
      expect(heard).toContain('FailoverSuccessError')
      expect(cluster.names[0]).toMatchObject({ instance: 'instance-1' })
    },
  )
})
