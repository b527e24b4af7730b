import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Cluster,
  type ClusterEvent,
  type ClusterState,
  type Control,
  startCluster,
  startControl,
} from '../../src/index.js'

let cluster: Cluster
let control: Control

beforeAll(async () => {
  const password = 'the-secret-password'
  const timings = { dnsMs: 20, promoteMs: 50, detectMs: 20, staleMs: 20, returnMs: 20 }
  cluster = await startCluster({ storage: 'embedded', password, timings })
  control = await startControl({ cluster })
})

afterAll(async () => {
  await control.close()
  await cluster.close()
})

interface Reply {
  readonly status: number
  readonly body: Record<string, unknown>
}

async function send(method: string, path: string, body?: unknown): Promise<Reply> {
  const response = await fetch(`${control.url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function state(): Promise<ClusterState> {
  return (await send('GET', '/state')).body as unknown as ClusterState
}

/** A request with headers that `fetch` does not let anybody set. */
function statusWith(headers: Record<string, string>, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const { host, port } = control
    const sent = request({ host, port, path: '/state', method, headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('/state', () => {
  it('shows who is who, what each instance believes and what the names say', async () => {
    const seen = await state()
    expect(seen).toMatchObject({ name: cluster.name, storage: 'embedded', faults: [] })
    expect(seen.instances.map((each) => [each.id, each.role, each.state])).toEqual([
      ['instance-1', 'writer', 'up'],
      ['instance-2', 'reader', 'up'],
      ['instance-3', 'reader', 'up'],
    ])
    for (const instance of seen.instances) {
      const writers = instance.hostStatus.filter((row) => row.sessionId === 'MASTER_SESSION_ID')
      expect(writers.map((row) => row.serverId)).toEqual(['instance-1'])
    }
    const named = seen.names.find((each) => each.name === cluster.writerEndpoint)
    expect(named).toMatchObject({ instance: 'instance-1', ttlMs: 5000 })
    expect(cluster.lookups.size).toBe(0)
  })

  it('tells no password', async () => {
    const text = await (await fetch(`${control.url}/state`)).text()
    expect(text).toContain(cluster.connection.user)
    expect(text).not.toContain(cluster.connection.password)
  })
})

describe('/faults', () => {
  it('injects, lists and heals', async () => {
    const fault = { type: 'hang', instance: 'instance-2' }
    const { status, body } = await send('POST', '/faults', fault)
    expect([status, body]).toEqual([201, expect.objectContaining(fault)])
    expect(cluster.instance('instance-2').state).toBe('hung')
    expect((await state()).faults).toEqual([body])
    expect((await send('GET', '/faults')).body).toEqual([body])

    expect((await send('DELETE', `/faults/${body.id}`)).status).toBe(200)
    expect(cluster.instance('instance-2').state).toBe('up')
    expect((await state()).faults).toEqual([])
    const again = await send('DELETE', `/faults/${body.id}`)
    expect([again.status, again.body.error]).toEqual([404, expect.stringContaining('hang-')])
  })

  it('takes never for a time without end, and shows it so', async () => {
    const fault = { type: 'crash', instance: 'instance-3', returnAfterMs: 'never' }
    const { status, body } = await send('POST', '/faults', fault)
    expect([status, body.fault]).toEqual([201, fault])
    await send('DELETE', `/faults/${body.id}`)
    expect(cluster.instance('instance-3').state).toBe('up')
  })

  it('answers when a failover’s reader is promoted, and lists it until all of it is over', async () => {
    const { id: former } = cluster.writer
    const over = cluster.until('fault-healed')
    const { status, body } = await send('POST', '/faults', { type: 'failover', to: 'instance-3' })
    expect([status, cluster.writer.id]).toEqual([201, 'instance-3'])
    expect(await over).toMatchObject({ fault: 'failover', id: body.id })
    expect(cluster.instance(former).state).toBe('up')
    expect((await state()).faults).toEqual([])
  })

  const wrong: readonly [string, unknown, string][] = [
    ['an unknown type', { type: 'failovr' }, 'unknown type "failovr": expected one of failover'],
    ['no type', {}, 'type is missing: expected one of failover, crash'],
    ['no object', [], 'expected an object'],
    [
      'an unknown field',
      { type: 'slow', delay: 5 },
      'slow has no field delay: expected one of instance, delayMs',
    ],
    ['a field missing', { type: 'slow' }, 'slow needs delayMs: expected a number of milliseconds'],
    [
      'a mistyped field',
      { type: 'slow', delayMs: '5' },
      'delayMs: expected a number of milliseconds; got "5"',
    ],
    [
      'a time without end where there is none',
      { type: 'slow', delayMs: 'never' },
      'expected a number of milliseconds; got "never"',
    ],
    [
      'a choice that is none',
      { type: 'failover', how: 'slowly' },
      'how: expected one of crash, hang, planned',
    ],
    [
      'a number out of bounds',
      { type: 'reader-added', tier: 16 },
      'tier: expected a whole number from 0 to 15',
    ],
    [
      'an unknown instance',
      { type: 'crash', instance: 'nobody' },
      'instance: expected one of instance-1, instance-2, instance-3; got "nobody"',
    ],
    [
      'a field of every object',
      { type: 'no-writer', constructor: 1 },
      'no-writer has no field constructor: expected none',
    ],
  ]
  it.each(wrong)('refuses %s and says what was expected', async (_, fault, expected) => {
    const before = cluster.log.length
    const { status, body } = await send('POST', '/faults', fault)
    expect([status, body.error]).toEqual([400, expect.stringContaining(expected)])
    const injected = cluster.log.slice(before).filter((event) => event.type === 'fault-injected')
    expect(injected).toEqual([])
  })

  it('refuses what the cluster cannot do', async () => {
    const { status, body } = await send('POST', '/faults', {
      type: 'reader-added',
      id: 'instance-1',
    })
    expect([status, body.error]).toEqual([409, expect.stringContaining('taken')])
    expect((await state()).faults).toEqual([])
  })

  it('refuses to undo what has become indispensable, and keeps it in the list', async () => {
    const added = await send('POST', '/faults', { type: 'reader-added', id: 'late' })
    const swapped = await send('POST', '/faults', { type: 'demote-in-place', to: 'late' })
    const { status, body } = await send('DELETE', `/faults/${added.body.id}`)
    expect([status, body.error]).toEqual([
      409,
      expect.stringContaining('the writer cannot be removed'),
    ])
    expect((await state()).faults.map((each) => each.id)).toContain(added.body.id)
    for (const { id } of [swapped.body, added.body]) {
      expect((await send('DELETE', `/faults/${id}`)).status).toBe(200)
    }
    expect(cluster.instances.map((each) => each.id)).not.toContain('late')
  })
})

describe('/events', () => {
  it('sends the log from its start, what is logged later, and the state', async () => {
    const abort = new AbortController()
    const response = await fetch(`${control.url}/events`, { signal: abort.signal })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const logged: ClusterEvent[] = []
    let states = 0
    let text = ''
    const isComplete = () =>
      states > 1 &&
      logged.some((each) => each.type === 'fault-injected' && each.fault === 'ghost-row')
    await cluster.inject({ type: 'ghost-row', serverId: 'a-ghost' })
    const body = response.body as unknown as AsyncIterable<Uint8Array>
    const decoder = new TextDecoder()
    for await (const chunk of body) {
      const messages = `${text}${decoder.decode(chunk, { stream: true })}`.split('\n\n')
      text = messages.pop() ?? ''
      for (const message of messages) {
        const [, event, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(message) ?? []
        if (event === 'log') logged.push(JSON.parse(data))
        if (event === 'state') states += 1
      }
      if (isComplete()) break
    }
    abort.abort()
    expect(logged.slice(0, 3)).toEqual(JSON.parse(JSON.stringify(cluster.log.slice(0, 3))))
    expect((await send('GET', '/log')).body).toEqual(JSON.parse(JSON.stringify(cluster.log)))
  })
})

describe('who may ask', () => {
  const own = () => ({ host: `${control.host}:${control.port}` })

  it('serves this machine under its loopback names, and its own page', async () => {
    expect(await statusWith(own())).toBe(200)
    expect(await statusWith({ host: `localhost:${control.port}` })).toBe(200)
    expect(await statusWith({ ...own(), origin: control.url })).toBe(200)
  })

  it('refuses other names, other pages and other pages’ frames', async () => {
    expect(await statusWith({ host: 'rebound.example.com' })).toBe(403)
    expect(await statusWith({ host: '127.0.0.1.example.com' })).toBe(403)
    expect(await statusWith({ ...own(), origin: 'http://example.com' })).toBe(403)
    expect(await statusWith({ ...own(), origin: 'http://127.0.0.1:1' })).toBe(403)
    expect(await statusWith({ ...own(), origin: 'null' })).toBe(403)
    expect(await statusWith({ ...own(), 'sec-fetch-site': 'cross-site' })).toBe(403)
  })

  it('takes no fault that a form of another page could send', async () => {
    const body = JSON.stringify({ type: 'crash' })
    const response = await fetch(`${control.url}/faults`, { method: 'POST', body })
    expect(response.status).toBe(415)
  })

  it('listens on loopback only', async () => {
    await expect(startControl({ cluster, host: '0.0.0.0' })).rejects.toThrow(/loopback/)
  })
})

it('ends with a listener still there', async () => {
  const other = await startControl({ cluster })
  const response = await fetch(`${other.url}/events`)
  const ended = response.text().then(
    () => 'ended',
    () => 'ended',
  )
  await other.close()
  expect(await ended).toBe('ended')
})
