import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../../src/cli/program.js'
import {
  type Cluster,
  type Control,
  faultTypes,
  startCluster,
  startControl,
} from '../../src/index.js'

let cluster: Cluster
let control: Control

beforeAll(async () => {
  const timings = { detectMs: 10, promoteMs: 20, dnsMs: 20, staleMs: 20, returnMs: 20 }
  cluster = await startCluster({ storage: 'embedded', timings })
  control = await startControl({ cluster })
})

afterAll(async () => {
  await control.close()
  await cluster.close()
})

interface Run {
  readonly code: number
  readonly out: string
  readonly error: string
}

async function run(...args: string[]): Promise<Run> {
  let out = ''
  let error = ''
  const code = await runProgram(args, {
    out: {
      line: (text = '') => {
        out += `${text}\n`
      },
    },
    error: {
      line: (text = '') => {
        error += `${text}\n`
      },
    },
  })
  return { code, out, error }
}

/** Runs a command on the cluster of this file. */
const tell = (...args: string[]) => run(...args, '--control', `${control.host}:${control.port}`)

describe('a command on a running simulator', () => {
  it('breaks and heals', async () => {
    const injected = await tell('lag', 'instance-3', '--lag-ms', '700')
    expect([injected.code, injected.error]).toEqual([0, ''])
    const [fault] = cluster.faults
    expect(fault?.fault).toEqual({ type: 'lag', instance: 'instance-3', lagMs: 700 })
    expect(injected.out).toContain(`aurora-simulator heal ${fault?.id}`)

    expect((await tell('status')).out).toMatch(new RegExp(`^${fault?.id} +instance-3`, 'm'))
    expect((await tell('heal', fault?.id ?? '')).code).toBe(0)
    expect(cluster.faults).toEqual([])
    const again = await tell('heal', fault?.id ?? '')
    expect([again.code, again.error]).toEqual([1, expect.stringContaining('in force')])
  })

  it('heals by type, and everything', async () => {
    await tell('slow', '--delay-ms', '1')
    await tell('slow', 'instance-2', '--delay-ms', '1')
    await tell('dns-down')
    expect((await tell('heal', 'slow')).out.split('\n')).toHaveLength(2 + 1)
    expect(cluster.faults.map((each) => each.type)).toEqual(['dns-down'])
    expect((await tell('heal', 'all')).code).toBe(0)
    expect(cluster.faults).toEqual([])
    expect((await tell('heal', 'all')).code).toBe(0)
  })

  it('fails over, and says who is the writer then', async () => {
    const over = cluster.until('fault-healed')
    const { code, out } = await tell('failover', '--to', 'instance-2', '--how', 'hang')
    expect([code, cluster.writer.id]).toEqual([0, 'instance-2'])
    expect(out).toContain('instance-2 is the writer')
    await over
    const { out: status } = await tell('status')
    expect(status).toMatch(/^instance-1 +reader +up/m)
    expect(status).toMatch(/^instance-2 +writer +up/m)
  })

  it('does what the names of deeds say', async () => {
    expect((await tell('add-reader', '--id', 'late', '--tier', '3')).code).toBe(0)
    expect(cluster.instance('late')).toMatchObject({ role: 'reader', tier: 3 })
    expect((await tell('remove-reader', 'late')).code).toBe(0)
    expect(cluster.instances.map((each) => each.id)).not.toContain('late')
    const { id } = cluster.writer
    expect((await tell('demote')).code).toBe(0)
    expect(cluster.writer.id).not.toBe(id)
    await tell('heal', 'all')
  })

  it('shows everything as JSON', async () => {
    const state = JSON.parse((await tell('status', '--json')).out)
    expect(state.instances).toHaveLength(cluster.instances.length)
  })

  it('plays a scenario', async () => {
    const path = join(tmpdir(), `scenario-${process.pid}.yaml`)
    const steps = ['steps:', '  - atMs: 0', '    fault: no-writer', '    healAfterMs: 10']
    await writeFile(path, steps.join('\n'))
    const { code, out } = await tell('run', path)
    expect(code).toBe(0)
    expect(out).toMatch(/injected +no-writer-\d+\n.*healed +no-writer-\d+\n$/)
  })

  it('passes on what the cluster has against it', async () => {
    const { code, error } = await tell('crash', 'instance-9')
    const known = cluster.instances.map((each) => each.id).join(', ')
    expect([code, error]).toEqual([
      1,
      `aurora-simulator: instance: expected one of ${known}; got "instance-9"\n`,
    ])
  })
})

describe('bad arguments', () => {
  const wrong: readonly [readonly string[], string][] = [
    [['failovr'], 'failover'],
    [['start', '--instances', '17'], '1 to 16'],
    [['start', '--instances', 'three'], '1 to 16'],
    [['start', '--port', '70000'], '0 to 65535'],
    [['start', '--storage', 'postgres'], 'mysqld, embedded'],
    [['start', '--dns-ms', '-5'], 'milliseconds'],
    [['start', 'now'], 'Expected 0 arguments'],
    [['start', '--name', '9lives', '--port', '0', '--control', '0'], 'a letter, then letters'],
    [['start', '--instance', '3'], '--instances'],
    [['lag'], '--lag-ms'],
    [['lag', '--lag-ms', 'much'], 'milliseconds'],
    [['failover', '--how', 'softly'], 'crash, hang, planned'],
    [['overload', '--max-connections', '1.5'], 'whole number'],
    [['deny-topology', '--errno', '1000'], '1142, 1227'],
    [['remove-reader'], 'instance'],
    [['heal'], 'fault'],
    [['status', '--control', 'nowhere'], 'host:port'],
    [['run', 'missing.yaml'], 'a file of YAML'],
  ]
  it.each(wrong)('%j: one line that says what was expected, and code 2', async (args, expected) => {
    const { code, out, error } = await run(...args)
    expect([code, out]).toEqual([2, ''])
    expect(error).toMatch(/^aurora-simulator: [^\n]+\n$/)
    expect(error).toContain(expected)
  })
})

it('without a simulator says how to start one', async () => {
  const { code, error } = await run('status', '--control', '127.0.0.1:1')
  expect([code, error]).toEqual([
    1,
    expect.stringMatching(/^aurora-simulator: no simulator .*start.*\n$/),
  ])
})

it('the help names every command and fault', async () => {
  const { code, out } = await run('--help')
  expect(code).toBe(0)
  for (const name of ['start', 'status', 'run', 'heal', ...faultTypes]) expect(out).toContain(name)
})
