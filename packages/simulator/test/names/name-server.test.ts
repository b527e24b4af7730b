import { createSocket } from 'node:dgram'
import { promises } from 'node:dns'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, type NameServer, startCluster, startNameServer } from '../../src/index.js'

let cluster: Cluster
let server: NameServer
let resolver: promises.Resolver

beforeAll(async () => {
  const timings = { dnsMs: 30_000, promoteMs: 20, detectMs: 10, staleMs: 10, returnMs: 10 }
  cluster = await startCluster({ storage: 'embedded', instances: 3, timings })
  server = await startNameServer({ cluster })
})

afterAll(async () => {
  await server.close()
  await cluster.close()
})

beforeEach(() => {
  resolver = new promises.Resolver()
  resolver.setServers([`${server.host}:${server.port}`])
})

const question = (name: string, type: 'A' | 'AAAA' | 'CNAME' | 'TXT' = 'A'): Packet => ({
  type: 'query',
  id: 4711,
  questions: [{ type, name }],
})

async function askUdp(query: Packet | Buffer): Promise<DecodedPacket> {
  const socket = createSocket('udp4')
  socket.send(Buffer.isBuffer(query) ? query : encode(query), server.port, server.host)
  const [message] = await once(socket, 'message')
  socket.close()
  return decode(message as Buffer)
}

const rcode = (answer: DecodedPacket) => (answer as { rcode?: string }).rcode

describe('the names over DNS', () => {
  it('the cluster endpoint leads through the writer’s name to its address, for 5 s', async () => {
    const { writer, writerEndpoint } = cluster
    const answer = await askUdp(question(writerEndpoint))
    expect(answer.id).toBe(4711)
    expect(answer.flag_aa).toBe(true)
    expect(answer.answers).toMatchObject([
      { type: 'CNAME', name: writerEndpoint, ttl: 5, data: writer.endpoint },
      { type: 'A', name: writer.endpoint, ttl: 5, data: writer.address },
    ])
  })

  it('an instance’s name leads to its address, spelt as it was asked', async () => {
    const { endpoint, address } = cluster.instance('instance-3')
    expect(await resolver.resolve4(endpoint)).toEqual([address])
    const shouted = endpoint.toUpperCase()
    const answer = await askUdp(question(shouted))
    expect(answer.answers).toMatchObject([{ type: 'A', name: shouted, data: address }])
  })

  it('the reader endpoint gives each reader in turn, whatever else is asked between', async () => {
    const seen = new Set<string>()
    for (let turn = 0; turn < 4; turn += 1) {
      await askUdp(question(cluster.readerEndpoint, 'AAAA'))
      for (const address of await resolver.resolve4(cluster.readerEndpoint)) seen.add(address)
    }
    expect([...seen].toSorted()).toEqual(cluster.readers.map((each) => each.address).toSorted())
  })

  it('has no address but IPv4, and says so without denying the name', async () => {
    const answer = await askUdp(question(cluster.writerEndpoint, 'AAAA'))
    expect([rcode(answer), answer.answers?.map((each) => each.type)]).toEqual([
      'NOERROR',
      ['CNAME'],
    ])
    expect(rcode(await askUdp(question(cluster.writerEndpoint, 'TXT')))).toBe('NOERROR')
  })

  it('denies names of its zones that do not exist, and refuses all others', async () => {
    const unknown = cluster.writer.endpoint.replace('instance-1', 'instance-9')
    expect(rcode(await askUdp(question(unknown)))).toBe('NXDOMAIN')
    expect(rcode(await askUdp(question('example.com')))).toBe('REFUSED')
    const foreign = cluster.writer.endpoint.replace('simulated12', 'abcdef123456')
    expect(rcode(await askUdp(question(foreign)))).toBe('REFUSED')
  })

  it('answers over TCP, several questions on one connection, in any pieces', async () => {
    const client = connect(server.port, server.host)
    const framed = [cluster.writerEndpoint, 'example.com'].map((name) => {
      const message = encode(question(name))
      return Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message])
    })
    const bytes = Buffer.concat(framed)
    client.write(bytes.subarray(0, 1))
    setTimeout(() => client.write(bytes.subarray(1)), 20)
    let heard = Buffer.alloc(0)
    const answers: DecodedPacket[] = []
    for await (const chunk of client) {
      heard = Buffer.concat([heard, chunk as Buffer])
      while (heard.length >= 2 && heard.length >= 2 + heard.readUInt16BE(0)) {
        const end = 2 + heard.readUInt16BE(0)
        answers.push(decode(heard.subarray(2, end)))
        heard = heard.subarray(end)
      }
      if (answers.length === 2) break
    }
    expect(answers.map(rcode)).toEqual(['NOERROR', 'REFUSED'])
  })

  it('answers nonsense with a complaint or not at all, and lives on', async () => {
    const header = encode({ type: 'query', id: 99, questions: [] })
    expect(rcode(await askUdp(header))).toBe('FORMERR')
    const update = encode({ ...question(cluster.writerEndpoint), flags: 5 << 11 })
    expect(rcode(await askUdp(update))).toBe('NOTIMP')
    const cutOff = encode(question(cluster.writerEndpoint)).subarray(0, 20)
    expect(rcode(await askUdp(cutOff))).toBe('FORMERR')
    const socket = createSocket('udp4')
    socket.send(Buffer.of(1, 2, 3), server.port, server.host)
    socket.send(encode({ type: 'response', id: 1, questions: [] }), server.port, server.host)
    expect(rcode(await askUdp(question(cluster.writerEndpoint)))).toBe('NOERROR')
    socket.close()
  })

  it('fails while the cluster’s DNS is down', async () => {
    const heal = await cluster.inject({ type: 'dns-down' })
    expect(rcode(await askUdp(question(cluster.writerEndpoint)))).toBe('SERVFAIL')
    await heal()
    expect(rcode(await askUdp(question(cluster.writerEndpoint)))).toBe('NOERROR')
  })

  it('follows a failover when the names do, not before', async () => {
    const former = cluster.writer
    const heal = await cluster.inject({ type: 'failover' })
    expect(cluster.writer.id).not.toBe(former.id)
    expect(await resolver.resolve4(cluster.writerEndpoint)).toEqual([former.address])
    await heal()
    expect(await resolver.resolve4(cluster.writerEndpoint)).toEqual([cluster.writer.address])
  })
})
