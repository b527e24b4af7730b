import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createPool, type Pool } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ClusterState } from '../../src/index.js'
import { buildPackage } from '../build-package.js'

let folder = ''
const children: ChildProcess[] = []

beforeAll(async () => {
  folder = await buildPackage()
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** A simulator in a process of its own. */
interface Started {
  readonly child: ChildProcess
  readonly exited: Promise<unknown[]>
  /** What it has printed. */
  readonly text: () => string
  /** The first word after a word that begins a line: `told('page')`. */
  readonly told: (word: string) => string
  readonly state: () => Promise<ClusterState>
}

function spawnCli(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [join(folder, 'built', 'cli.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  return child
}

/** Starts one on free ports and waits until it is up. */
async function start(...args: string[]): Promise<Started> {
  const child = spawnCli(['start', '--port', '0', '--control', '0', ...args])
  let printed = ''
  const exited = once(child, 'exit')
  const isUp = new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      printed += chunk
      if (printed.includes('Ctrl-C')) resolve()
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.once('exit', () => reject(new Error(`it ended early: ${printed}`)))
  })
  await isUp
  const told = (word: string) => {
    const [, value = ''] = new RegExp(`^ +${word} +(.*)$`, 'm').exec(printed) ?? []
    return value
  }
  const state = async () => {
    const response = await fetch(`${told('page')}state`)
    return (await response.json()) as ClusterState
  }
  return { child, exited, text: () => printed, told, state }
}

/** Runs a command that ends by itself. */
async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const child = spawnCli(args)
  let out = ''
  let error = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    error += chunk
  })
  const [code] = await once(child, 'close')
  return { code, out, error }
}

/** Evaluates a printed line with the function that it calls. */
function evaluate(line: string, name: string, value: unknown): Pool {
  return new Function(name, `return ${line}`)(value) as Pool
}

function accepts(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

const who = 'SELECT @@aurora_server_id AS id'

describe('start', () => {
  const places = [
    ['an address each', []],
    ['a port each', ['--addresses', 'ports']],
    ['a port each, near a port that was given', ['--addresses', 'ports', '--port', '33071']],
  ] as const
  it.each(places)('prints lines with which each client connects: %s', async (_, args) => {
    const password = "it's $ecret"
    const { told } = await start('--storage', 'embedded', '--password', password, ...args)
    const shell = told('mysql').replace(/^mysql /, 'mariadb --no-defaults ')
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', `${shell} -Ne '${who}'`])
    expect(stdout).toBe('instance-1\n')

    const plain = evaluate(told('mysql2'), 'createPool', createPool)
    expect((await plain.query(who))[0]).toEqual([{ id: 'instance-1' }])
    await plain.end()

    // Not a dependency of this package, so not known to the compiler here.
    const driver = (await import('aurora-mysql2/promise' as string)) as Record<string, unknown>
    const line = told('aurora-mysql2')
    const aware = evaluate(line, 'createAuroraPool', driver.createAuroraPool) as Pool & {
      readonly aurora: { ready(): Promise<{ readonly instances: readonly unknown[] }> }
    }
    await aware.aurora.ready()
    await aware.query('CREATE TABLE seen (id INT PRIMARY KEY)')
    await aware.query('INSERT INTO seen VALUES (1)')
    expect((await aware.query('SELECT id FROM seen'))[0]).toEqual([{ id: 1 }])
    await expect
      .poll(async () => (await aware.query(`/* aurora:reader */ ${who}`))[0])
      .not.toEqual([{ id: 'instance-1' }])
    await aware.end()
  })

  it('serves the names at one address each, following the names, not the promotion', async () => {
    const { state, told } = await start('--storage', 'embedded', '--dns-ms', '60000')
    const { endpoints } = await state()
    const control = new URL(told('page')).host
    const asked = async ({ host, port }: { host: string; port: number }) => {
      const pool = createPool({ host, port, user: 'app', password: 'app-password' })
      const [rows] = await pool.query(who)
      await pool.end()
      return (rows as { id: string }[])[0]?.id
    }
    expect(await asked(endpoints.writer)).toBe('instance-1')
    expect(await asked(endpoints.reader)).not.toBe('instance-1')
    const { code } = await run('failover', '--how', 'planned', '--control', control)
    expect(code).toBe(0)
    expect((await state()).instances.find((each) => each.role === 'writer')?.id).toBe('instance-2')
    await expect.poll(() => asked(endpoints.writer)).toBe('instance-1')
    expect((await run('heal', 'failover', '--control', control)).code).toBe(0)
    expect(await asked(endpoints.writer)).toBe('instance-2')
  })

  it('goes side by side with another, and says which port is taken', async () => {
    const first = await start('--storage', 'embedded', '--dns', '0')
    const second = await start('--storage', 'embedded')
    const page = (started: Started) => Number(new URL(started.told('page')).port)
    expect(page(first)).not.toBe(page(second))

    const port = (await first.state()).connection.port
    const dns = first.told('DNS').split(':')[1] ?? ''
    const free = ['--storage', 'embedded', '--port', '0', '--control', '0']
    const taken: readonly [readonly string[], string][] = [
      [['--port', `${port}`], `port ${port} is in use: choose another with --port`],
      [
        ['--control', `${page(first)}`],
        `port ${page(first)} is in use: choose another with --control`,
      ],
      [['--dns', dns], `port ${dns} is in use: choose another with --dns`],
    ]
    for (const [args, message] of taken) {
      const { code, out, error } = await run('start', ...free, ...args)
      expect([code, out]).toEqual([1, ''])
      expect(error).toMatch(/^aurora-simulator: [^\n]+\n$/)
      expect(error).toContain(message)
    }
    expect(await accepts(port, '127.0.0.1')).toBe(true)
  })

  it('ends at Ctrl-C, a client connected and a page open, and leaves nothing', async () => {
    const { child, exited, told, state, text } = await start('--storage', 'mysqld', '--tls')
    const pool = evaluate(told('mysql2'), 'createPool', createPool)
    const [rows] = await pool.query('SELECT @@datadir AS directory')
    const { directory = '' } = (rows as { directory: string }[])[0] ?? {}
    const ca = told('CA')
    await access(directory)
    await access(ca)
    const events = await fetch(`${told('page')}events`)
    const { port } = (await state()).connection
    child.kill('SIGINT')
    expect(await exited).toEqual([0, null])
    expect(text()).not.toMatch(/error/i)
    await events.body?.cancel().catch(() => undefined)
    await pool.end()
    expect(await accepts(port, '127.0.0.1')).toBe(false)
    await expect(access(ca)).rejects.toThrow()
    await expect
      .poll(() =>
        access(directory).then(
          () => 'there',
          () => 'gone',
        ),
      )
      .toBe('gone')
  })

  it('ends at a Ctrl-C that comes before it is up', async () => {
    const child = spawnCli(['start', '--port', '0', '--control', '0', '--storage', 'mysqld'])
    const exited = once(child, 'exit')
    await new Promise((resolve) => setTimeout(resolve, 600 * Math.random()))
    child.kill('SIGINT')
    const [code, signal] = await exited
    // Before the program has loaded nobody hears it, and nothing has been started.
    expect([0, 'SIGINT']).toContain(code ?? signal)
  })
})
