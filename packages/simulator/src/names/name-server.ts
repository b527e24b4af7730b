import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { Cluster } from '../cluster/cluster.js'
import { nameZones } from '../cluster/endpoint-names.js'
import { nameTtlMs } from '../cluster/name-service.js'
import { isLoopback } from '../control/guard.js'
import type { NameSource } from './answer-question.js'

/** What `startNameServer` takes. */
export interface NameServerOptions {
  readonly cluster: Cluster
  /** For UDP and TCP. @default 0: any one that is free for both */
  readonly port?: number
  /** A loopback address. @default '127.0.0.1' */
  readonly host?: string
}

/** A running DNS server. */
export interface NameServer {
  readonly host: string
  readonly port: number
  /** Stops answering. Safe to call twice. */
  close(): Promise<void>
}

/** Gives the answer to a message, if one is due. */
type Answerer = (message: Buffer) => Buffer | undefined

/** A client over TCP that asks nothing for this long is let go. */
const idleMs = 10_000

/** Another program may hold the port for TCP that was free for UDP. */
const portAttempts = 20

/**
 * Serves a cluster's names over DNS, UDP and TCP: for processes that cannot be given `cluster.lookup`. The names change
 * when those of `cluster.lookup` do (`timings.dnsMs` after a failover) and may be kept for 5 s, as Aurora's.
 */
export async function startNameServer(options: NameServerOptions): Promise<NameServer> {
  const { cluster, port = 0, host = '127.0.0.1' } = options
  if (!isLoopback(host)) throw new TypeError(`host: expected a loopback address; got '${host}'`)
  // Loaded when it is needed, as few programs need it.
  const { answerQuestion } = await import('./answer-question.js')
  const source = namesOf(cluster)
  const answer: Answerer = (message) => answerQuestion(message, source)
  const datagrams = createSocket('udp4')
  const clients = new Set<Socket>()
  const streams = createServer((client) => {
    clients.add(client)
    client.once('close', () => clients.delete(client))
    serveStream(client, answer)
  })
  const bound = await listen(datagrams, streams, host, port)
  bound.on('message', (message, { port: clientPort, address }) => {
    const reply = answer(message)
    if (reply) bound.send(reply, clientPort, address)
  })
  // What one client's network says is nobody else's affair.
  bound.on('error', () => undefined)
  let closing: Promise<void> | undefined
  return {
    host,
    port: bound.address().port,
    close() {
      closing ??= new Promise((resolve) => {
        for (const client of clients) client.destroy()
        bound.close()
        streams.close(() => resolve())
      })
      return closing
    },
  }
}

/** Binds both to one port; resolves with the socket for datagrams. */
async function listen(
  first: DatagramSocket,
  streams: Server,
  host: string,
  wanted: number,
): Promise<DatagramSocket> {
  let datagrams = first
  for (let attempt = 1; ; attempt += 1) {
    try {
      datagrams.bind({ address: host, port: wanted, exclusive: true })
      await once(datagrams, 'listening')
      streams.listen({ host, port: datagrams.address().port, exclusive: true })
      await once(streams, 'listening')
      return datagrams
    } catch (error) {
      datagrams.close()
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isTaken || wanted !== 0 || attempt >= portAttempts) throw error
      datagrams = createSocket('udp4')
    }
  }
}

function namesOf(cluster: Cluster): NameSource {
  return {
    ttlMs: nameTtlMs,
    isOutside(name) {
      const asked = name.toLowerCase().replace(/\.$/, '')
      return !nameZones.some((zone) => asked === zone || asked.endsWith(`.${zone}`))
    },
    // A resolver asks for both kinds of addresses at once; only one of them may turn a name that rotates.
    resolve: (name, isForAddress) => (isForAddress ? cluster.resolve(name) : cluster.peek(name)),
  }
}

/** Over TCP each message follows its length (RFC 1035, section 4.2.2). */
function serveStream(client: Socket, answer: Answerer): void {
  let received: Buffer = Buffer.alloc(0)
  client.setTimeout(idleMs, () => client.destroy())
  client.on('error', () => undefined)
  client.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    for (;;) {
      const end = received.length < 2 ? Number.POSITIVE_INFINITY : 2 + received.readUInt16BE(0)
      if (received.length < end) return
      const reply = answer(received.subarray(2, end))
      received = received.subarray(end)
      if (!reply) continue
      const length = Buffer.alloc(2)
      length.writeUInt16BE(reply.length)
      client.write(Buffer.concat([length, reply]))
    }
  })
}
