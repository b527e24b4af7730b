import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import mysql from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import { clusterFigures, loadFigures, totalsOf } from '../../src/rehearsal/figures.js'
import {
  figureTable,
  moduleLoad,
  type RehearsalOptions,
  rehearse,
  rehearsedFault,
} from '../../src/rehearsal.js'
import { errorOf } from '../open-cluster.js'

const short = {
  calmMs: 300,
  faultMs: 200,
  afterMs: 300,
  cluster: {
    storage: 'embedded',
    timings: { detectMs: 50, promoteMs: 200, dnsMs: 200, staleMs: 50, returnMs: 200 },
  },
} as const satisfies RehearsalOptions

const ownLoad = fileURLToPath(new URL('load.mjs', import.meta.url))

async function rehearseOnce(options: RehearsalOptions) {
  const { runs } = await rehearse({ ...short, ...options })
  const [run] = runs
  if (!run) throw new Error('there was no run')
  return run
}

const typesOf = (run: Awaited<ReturnType<typeof rehearseOnce>>) =>
  run.cluster.log.filter(({ atMs }) => atMs >= 0).map(({ type }) => type)

describe('the built-in load', () => {
  it('records what its client and the cluster saw of a failover', async () => {
    const lines: string[] = []
    const run = await rehearseOnce({
      loads: [await moduleLoad('mysql2', import.meta.dirname)],
      tell: (line) => lines.push(line),
    })
    expect(typesOf(run)).toEqual(
      expect.arrayContaining(['fault-injected', 'promoted', 'dns-updated', 'instance-up']),
    )
    expect(lines).toContain('instance-2 is promoted, in place of instance-1')

    const [load] = run.loads
    if (!load) throw new Error('there is no load')
    const seen = loadFigures(load, run.cluster)
    expect(load.name).toBe('mysql2')
    // Plain mysql2 loses its connections, and finds nobody at the old writer's address.
    expect(seen.failed).toBeGreaterThan(0)
    expect(seen.errors.map(({ code }) => code).join()).toMatch(/ECONN|PROTOCOL_CONNECTION_LOST/)
    expect(seen.firstWriteMs).toEqual([expect.any(Number)])
    expect(seen.longestWriteStallMs).toBeGreaterThan(short.cluster.timings.promoteMs)
    expect(load.facts).toEqual([
      { title: 'Acknowledged writes lost', value: '0' },
      { title: 'Writes doubled', value: '0' },
    ])
    // Both sides speak of the same work, except of what was under way at the two ends.
    const counted = totalsOf(run.cluster)
    const statements = counted.reduce((sum, each) => sum + each.statements, 0)
    expect(statements + 24).toBeGreaterThanOrEqual(seen.answered)
    expect(counted.find(({ id }) => id === 'instance-2')?.writes).toBeGreaterThan(0)
  })

  it('runs on one pool after the other, each on a cluster of its own', async () => {
    const load = (name: string) => ({
      name,
      open: (cluster: { readonly plainConnection: object }) => ({
        pool: mysql.createPool(cluster.plainConnection),
      }),
    })
    const fault = rehearsedFault('reset')
    const { runs } = await rehearse({ ...short, fault, loads: [load('one'), load('two')] })
    expect(figureTable(runs).columns).toEqual(['one', 'two'])
    for (const run of runs) {
      expect(run.cluster.log.map(({ type }) => type)).toContain('started')
      expect(typesOf(run)).toContain('fault-injected')
    }
  })

  it('heals a fault that lasts', async () => {
    const run = await rehearseOnce({
      fault: { type: 'slow', delayMs: 20 },
      loads: [await moduleLoad('mysql2/promise', import.meta.dirname)],
    })
    expect(typesOf(run)).toEqual(['fault-injected', 'fault-healed'])
    expect(run.loads.flatMap(({ requests }) => requests).filter(({ error }) => error)).toEqual([])
  })
})

describe('a command of the user’s own', () => {
  it.each(['names', 'addresses'] as const)('connects by %s and is seen', async (hosts) => {
    // It begins with a table, and shall have written before the fault.
    const command = [process.execPath, ownLoad]
    const run = await rehearseOnce({ command, hosts, calmMs: 1000 })
    expect(run.loads).toEqual([])
    expect(run.command?.ended).toBeUndefined()
    const { answered, firstWriteMs } = clusterFigures(run.cluster)
    expect(answered).toBeGreaterThan(0)
    expect(firstWriteMs).toEqual([expect.any(Number)])
    const writes = Object.fromEntries(totalsOf(run.cluster).map((each) => [each.id, each.writes]))
    expect(writes['instance-1']).toBeGreaterThan(0)
    expect(writes['instance-2']).toBeGreaterThan(0)
  })

  it('is ended with all that it has started', async () => {
    const pidFile = join(tmpdir(), `rehearse-${process.pid}.pid`)
    try {
      const script = `"${process.execPath}" "${ownLoad}" "${pidFile}" & wait`
      await rehearseOnce({ command: ['sh', '-c', script], fault: { type: 'reset' } })
      const pid = Number(await readFile(pidFile, 'utf8'))
      expect(pid).toBeGreaterThan(0)
      expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    } finally {
      await rm(pidFile, { force: true })
    }
  })

  it('that does not survive the fault is told of, and ends the rehearsal', async () => {
    const run = await rehearseOnce({
      command: [process.execPath, ownLoad, '', 'fragile'],
      afterMs: 600_000,
    })
    expect(run.command?.ended?.how).toBe('with exit code 1')
    expect(typesOf(run)).toContain('fault-injected')
  })

  it('that never speaks to the cluster is an error', async () => {
    const idle = await errorOf(rehearseOnce({ command: [process.execPath, '-e', ''] }))
    expect(idle.message).toBe('The command ended with exit code 0 before its first statement')
    const missing = await errorOf(rehearseOnce({ command: ['/no/such/command'] }))
    expect(missing.message).toBe("The command '/no/such/command' cannot be started: ENOENT")
  })

  it('and its cluster end when the rehearsal is stopped', async () => {
    const stop = new AbortController()
    const pidFile = join(tmpdir(), `rehearse-stop-${process.pid}.pid`)
    const stopped = rehearse({
      ...short,
      command: [process.execPath, ownLoad, pidFile],
      tell: (line) => {
        if (line.startsWith('Fault')) stop.abort(new Error('enough'))
      },
      signal: stop.signal,
    })
    try {
      expect((await errorOf(stopped)).message).toBe('enough')
      const pid = Number(await readFile(pidFile, 'utf8'))
      expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    } finally {
      await rm(pidFile, { force: true })
    }
  })
})

describe('what is rehearsed', () => {
  it('is a failover where the writer is lost, and else the fault as it is named', () => {
    expect(rehearsedFault('crash')).toEqual({ type: 'failover', how: 'crash' })
    expect(rehearsedFault('hang', { returnMs: 500 })).toEqual({
      type: 'failover',
      how: 'hang',
      returnMs: 500,
    })
    expect(rehearsedFault('crash', { instance: 'instance-3' })).toEqual({
      type: 'crash',
      instance: 'instance-3',
    })
    expect(rehearsedFault('lag', { lagMs: 300 })).toEqual({ type: 'lag', lagMs: 300 })
    expect(() => rehearsedFault('crush')).toThrow(/crash/)
  })

  it('needs something to run, and one thing only', async () => {
    await expect(rehearse({ ...short })).rejects.toThrow('either a command or loads')
    const both = rehearse({
      command: ['true'],
      loads: [await moduleLoad('mysql2', import.meta.dirname)],
    })
    await expect(both).rejects.toThrow('either a command or loads')
  })

  it('refuses a module that is none', async () => {
    await expect(moduleLoad('no-such-module')).rejects.toThrow("'no-such-module' cannot be found")
    await expect(moduleLoad('node:path')).rejects.toThrow('exports createPool')
  })
})
