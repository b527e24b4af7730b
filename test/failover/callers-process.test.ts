import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Cluster } from 'aurora-mysql2-simulator'
import { build } from 'tsup'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, simulate } from '../../packages/driver/test/simulation.js'

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))
// Inside node_modules, so that the driver's own dependencies are found from there.
const outDir = fromHere(`../../packages/driver/node_modules/.callers-test-${process.pid}`)

let cluster: Cluster

beforeAll(async () => {
  const built = build({
    entry: [fromHere('../../packages/driver/src/promise.ts')],
    outDir,
    format: 'esm',
    config: false,
    dts: false,
    silent: true,
    external: ['mysql2', 'mysql2/promise', 'generic-pool', 'lru-cache'],
  })
  cluster = (await simulate({ instances: 2 })).cluster
  await cluster.query('CREATE TABLE app.note (text VARCHAR(50))')
  await built
})

afterAll(() => rm(outDir, { recursive: true, force: true }))

afterEach(async () => {
  for (const { id, state } of cluster.instances) if (state !== 'up') await cluster.restart(id)
  await cluster.query('DELETE FROM app.note')
})

/** A script that uses a pool, in a process of its own, as a user would write it. */
class Script {
  output = ''
  readonly ended: Promise<number | null>
  hasEnded = false

  constructor(text: string) {
    const { aurora: _, ...login } = cluster.connection
    const names = Object.fromEntries([
      [login.host, cluster.writer.address],
      ...cluster.instances.map(({ endpoint, address }) => [endpoint, address]),
    ])
    const prelude = `
      import { createAuroraPool } from ${JSON.stringify(pathToFileURL(`${outDir}/promise.js`).href)}
      const names = ${JSON.stringify(names)}
      const lookup = (name, options, done) => setImmediate(() =>
        options.all ? done(null, [{ address: names[name], family: 4 }]) : done(null, names[name], 4))
      const pool = createAuroraPool({ ...${JSON.stringify(login)},
        aurora: { lookup, refreshIntervalMs: 50, urgentIntervalMs: 20, suspectAfterMs: 100, questionTimeoutMs: 60 } })
      process.on('unhandledRejection', (error) => { console.log('unhandled', error); process.exitCode = 1 })
      const insert = (text, aurora = {}) => pool.query({ sql: 'INSERT INTO app.note (text) VALUES (?)', values: [text], aurora })
      const isLost = async () => {
        while (!pool.aurora.stats().isFailingOver) await new Promise((done) => setTimeout(done, 5))
      }
      await insert('before')
      await pool.aurora.ready()
      await insert('before, too')
      console.log('ready')
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', prelude + text])
    const limit = setTimeout(() => child.kill('SIGKILL'), 20_000)
    const hear = (chunk: Buffer) => {
      this.output += chunk.toString()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        clearTimeout(limit)
        this.hasEnded = true
        resolve(code)
      })
    })
  }

  says(word: string): Promise<void> {
    return eventually(`the script says ${word}`, () => this.output.includes(word))
  }
}

const SHORT_MS = 500

describe('a script', () => {
  it.each([
    ['a write that waits for a writer', `await insert('late')`],
    [
      'a transaction that waits for a writer',
      `await pool.transaction(async (handle) => { await handle.query("INSERT INTO app.note (text) VALUES ('late')") })`,
    ],
    [
      'ready() of a pool that looks for the writer',
      `await pool.aurora.ready(); await insert('late')`,
    ],
    [
      'drain() while a write waits',
      `const late = insert('late'); await pool.aurora.drain(); await late`,
    ],
  ])('whose only pending work is %s does not exit', async (_, text) => {
    const script = new Script(`await isLost(); console.log('waits'); ${text}; console.log('done')`)
    await script.says('ready')
    const { id } = cluster.writer
    await cluster.crash(id)
    await script.says('waits')
    await new Promise((resolve) => setTimeout(resolve, SHORT_MS))
    expect(script.hasEnded).toBe(false)
    await cluster.restart(id)
    expect(await script.ended).toBe(0)
    expect(script.output).toBe('ready\nwaits\ndone\n')
    const rows = await cluster.query("SELECT text FROM app.note WHERE text = 'late'")
    expect(rows).toHaveLength(1)
  })

  it.each([
    ['nothing', ''],
    [
      'a statement whose wait has ended',
      `await insert('late', { waitMs: 50 }).catch(({ code }) => console.log(code))`,
    ],
    [
      'a statement that was withdrawn',
      `await insert('late', { signal: AbortSignal.timeout(50) }).catch(({ code }) => console.log(code))`,
    ],
    [
      'a statement that may not wait at all',
      `await insert('late', { waitMs: 0 }).catch(({ code }) => console.log(code))`,
    ],
    [
      'a pool that has ended',
      `const late = insert('late').catch(({ message }) => console.log(message)); await pool.end(); await late`,
    ],
  ])('that has %s exits by itself, though the writer is still away', async (_, text) => {
    const script = new Script(`await isLost(); ${text}`)
    await script.says('ready')
    await cluster.crash(cluster.writer.id)
    // Killed, it would have no code.
    expect(await script.ended).toBe(0)
    expect(script.output).toMatch(/^ready\n(ERR_AURORA_(NO_WRITER|ABORTED)\n|Pool is closed\.\n)?$/)
    const rows = await cluster.query("SELECT text FROM app.note WHERE text = 'late'")
    expect(rows).toEqual([])
  })
})
