import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Cluster } from 'aurora-mysql2-simulator'
import { build } from 'tsup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HAS_RESET } from '../mysql2-features.js'
import { pause, type Simulation, scaled, simulate } from '../simulation.js'

// Inside node_modules, so that the driver's own dependencies are found from there.
const outDir = fileURLToPath(
  new URL(`../../node_modules/.exit-test-${process.pid}`, import.meta.url),
)

let simulation: Simulation
let cluster: Cluster

beforeAll(async () => {
  const source = (name: string) => fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url))
  const built = build({
    entry: [source('index'), source('promise')],
    outDir,
    format: 'esm',
    config: false,
    dts: false,
    silent: true,
    external: ['mysql2', 'mysql2/promise', 'generic-pool', 'lru-cache'],
  })
  simulation = await simulate()
  cluster = simulation.cluster
  await built
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
})

afterAll(() => rm(outDir, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly isKilled: boolean
}

/** Runs a program that finds the simulated names in a table, since the simulator's look-up lives in this process. */
function run(program: string, onOutput?: (line: string) => void): Promise<Ended> {
  const { connection } = cluster
  const names = Object.fromEntries([
    [connection.host, cluster.writer.address],
    [cluster.readerEndpoint, cluster.readers[0]?.address],
    ...cluster.instances.map(({ endpoint, address }) => [endpoint, address]),
  ])
  const { aurora, ...login } = connection
  const prelude = `
    import { createAuroraPool } from ${JSON.stringify(pathToFileURL(`${outDir}/promise.js`).href)}
    const names = ${JSON.stringify(names)}
    const lookup = (name, options, done) => setImmediate(() =>
      options.all ? done(null, [{ address: names[name], family: 4 }]) : done(null, names[name], 4))
    const open = (aurora = {}, options = {}) => createAuroraPool({ ...${JSON.stringify(login)}, ...options,
      aurora: { lookup, refreshIntervalMs: 50, urgentIntervalMs: 20, ...aurora } })
    const begun = async (pool) => {
      while (pool.aurora.stats().instances.every(({ underWay }) => underWay === 0))
        await new Promise((done) => setTimeout(done, 5))
    }
  `
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', prelude + program])
    let output = ''
    let isKilled = false
    const limit = setTimeout(() => {
      isKilled = true
      child.kill('SIGKILL')
    }, 10_000)
    const hear = (chunk: Buffer) => {
      output += chunk.toString()
      onOutput?.(chunk.toString())
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(limit)
      resolve({ code, output, isKilled })
    })
  })
}

const clean = (output: string): Ended => ({ code: 0, output: `${output}\n`, isKilled: false })

describe('a process', () => {
  it.each<readonly [string, string, object]>([
    ['in a transaction', "await session.query('BEGIN')", {}],
    ...(HAS_RESET
      ? [['to be reset', "await session.query('SELECT 1')", { resetOnRelease: true }] as const]
      : []),
    ['that holds a lock', `await session.query("SELECT GET_LOCK('exit', 1)")`, {}],
    [
      'whose last statement has timed out',
      "await session.query({ sql: 'DO SLEEP(0.4)', timeout: 50 }).catch(() => {})",
      {},
    ],
  ])(
    'does not exit in the middle of end() after a session was released %s',
    async (_, use, options) => {
      const ended = await run(`
      const pool = open({}, ${JSON.stringify(options)})
      await pool.aurora.ready()
      const session = await pool.getConnection()
      ${use}
      session.release()
      await pool.end()
      console.log('ended')
    `)
      expect(ended).toEqual(clean('ended'))
    },
  )

  it('exits by itself with an idle pool that nobody ended', async () => {
    const ended = await run(`
      const pool = open()
      await pool.aurora.ready()
      await pool.query('SELECT 1')
      await pool.execute('SELECT 2')
      const session = await pool.getConnection()
      await session.query('SELECT 3')
      session.release()
      console.log('done')
    `)
    expect(ended).toEqual(clean('done'))
  })

  it('exits by itself with a pool that was never used', async () => {
    expect(await run(`open(); open({}, { maxIdle: 1 }); console.log('done')`)).toEqual(
      clean('done'),
    )
  })

  it('exits by itself after end(), with maxIdle below the limit too', async () => {
    const ended = await run(`
      const pool = open({}, { maxIdle: 1, idleTimeout: 1000 })
      await Promise.all(Array.from({ length: 5 }, () => pool.query('SELECT 1')))
      await pool.end()
      console.log('done')
    `)
    expect(ended).toEqual(clean('done'))
  })

  it.each([
    ['query', `await pool.query('DO SLEEP(0.5)')`],
    ['execute', `await pool.execute('DO SLEEP(0.5)')`],
    ['ready()', 'await pool.aurora.ready()'],
    [
      'refresh()',
      'await pool.aurora.ready(); await new Promise(setImmediate); await pool.aurora.refresh()',
    ],
    ['getConnection', 'const session = await pool.getConnection(); session.release()'],
    [
      'a session',
      `const session = await pool.getConnection(); await session.beginTransaction(); await session.query('DO SLEEP(0.5)'); await session.commit(); session.release()`,
    ],
    [
      'a released session with work queued',
      `const session = await pool.getConnection(); const work = session.query('DO SLEEP(0.5)'); session.release(); await work`,
    ],
    [
      'end() while a statement runs',
      `const work = pool.query('DO SLEEP(0.5)'); await begun(pool); await pool.end(); await work`,
    ],
    [
      'drain() while a statement runs',
      `const work = pool.query('DO SLEEP(0.5)'); await begun(pool); await pool.aurora.drain(); await work`,
    ],
    [
      'a stream',
      `for await (const row of pool.pool.query('SELECT seq FROM seq_1_to_5000').stream()) { if (row.seq === 100) await new Promise((done) => setTimeout(done, 50)) }`,
    ],
  ])('does not exit in the middle of %s', async (_, program) => {
    expect(await run(`const pool = open(); ${program}; console.log('done')`)).toEqual(clean('done'))
  })

  it('does not exit while a statement waits for a writer', async () => {
    let isUp = false
    const ended = await run(
      `
      const pool = open()
      await pool.aurora.ready()
      await pool.query("INSERT INTO note (text) VALUES ('before')")
      console.log('ready')
      let hasWaited = false
      pool.aurora.once('statementWaiting', () => { hasWaited = true })
      while (!hasWaited) {
        await pool.query("INSERT INTO note (text) VALUES ('after')").catch(() => {})
        if (!hasWaited) await new Promise((done) => setTimeout(done, 5))
      }
      console.log('done')
    `,
      (line) => {
        if (!isUp && line.includes('ready')) {
          isUp = true
          void cluster.crash(cluster.writer.id, { returnAfterMs: 1_000 })
        }
      },
    )
    expect(ended).toEqual(clean('ready\ndone'))
  })

  it('hears no unhandled rejection when everything goes wrong', async () => {
    const ended = await run(
      `
      process.on('unhandledRejection', (error) => console.log('unhandled', error))
      const pool = open({ failoverTimeoutMs: 300 }, { port: 1 })
      const outcomes = await Promise.allSettled([pool.query('SELECT 1'), pool.execute('SELECT 1'), pool.getConnection()])
      console.log(outcomes.map(({ status }) => status).join())
      await pool.end()
    `,
    )
    expect(ended).toEqual(clean('rejected,rejected,rejected'))
    await pause(scaled(10))
  })
})
