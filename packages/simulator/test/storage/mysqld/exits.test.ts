import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPackage } from '../../build-package.js'

/** What a program that uses the simulator must not leave behind. */
interface Trace {
  readonly directory: string
  readonly serverPid: number
}

let folder = ''

beforeAll(async () => {
  folder = await buildPackage()
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function startProgram(name: string, ending: string, env: NodeJS.ProcessEnv = {}) {
  const path = join(folder, `${name.replaceAll(/\W/g, '-')}.mjs`)
  const program = `
    import { startCluster } from './built/index.mjs'
    const cluster = await startCluster({ storage: 'mysqld', instances: 2 })
    const [row] = await cluster.query('SELECT @@pid_file AS pidFile')
    console.log(row.pidFile)
    ${ending}
  `
  await writeFile(path, program)
  const child = spawn(process.execPath, [path], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const exited = once(child, 'exit')
  const trace = await traceOf(child)
  child.stdin.write('read')
  return { child, trace, exited }
}

async function traceOf(child: ChildProcess): Promise<Trace> {
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  if (!child.stdout) throw new Error('no output to read')
  for await (const pidFile of createInterface({ input: child.stdout })) {
    return { directory: dirname(pidFile), serverPid: Number(await readFile(pidFile, 'utf8')) }
  }
  throw new Error(`the program ended early: ${errors}`)
}

async function untilGone({ directory, serverPid }: Trace): Promise<void> {
  await expect.poll(() => isAlive(serverPid)).toBe(false)
  await untilDirectoriesGone([directory])
}

async function untilDirectoriesGone(directories: readonly string[]): Promise<void> {
  for (const directory of directories) await expect.poll(() => exists(directory)).toBe(false)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** What a program does once its reader has taken the server's process number. */
const soon = (statement: string) =>
  `process.stdin.once('data', () => { process.stdin.destroy(); ${statement} })`

describe('nothing is left behind', () => {
  it.each([
    ['after close()', soon('cluster.close()'), 0],
    [
      'after process.exit() in the middle',
      soon("cluster.query('SELECT SLEEP(5)').catch(() => {}); process.exit(3)"),
      3,
    ],
    ['after an uncaught exception', soon("throw new Error('a bug')"), 1],
    ['after an unhandled rejection', soon("Promise.reject(new Error('a bug'))"), 1],
  ])('%s', async (name, ending, code) => {
    const { trace, exited } = await startProgram(name, ending)
    expect(isAlive(trace.serverPid)).toBe(true)
    expect(await exited).toEqual([code, null])
    await untilGone(trace)
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('after %s', async (signal) => {
    const { child, trace, exited } = await startProgram(signal, '')
    expect(isAlive(trace.serverPid)).toBe(true)
    child.kill(signal)
    expect(await exited).toEqual([null, signal])
    await untilGone(trace)
  })

  it('after SIGKILL while a second server was still starting', async () => {
    const ending = "startCluster({ storage: 'mysqld' })"
    const { child, trace, exited } = await startProgram('starting', ending)
    let directories = await directoriesOf(child)
    while (directories.length < 2) directories = await directoriesOf(child)
    child.kill('SIGKILL')
    await exited
    await untilGone(trace)
    await untilDirectoriesGone(directories)
  })

  it('after SIGKILL while the very first data directory was made', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'simulator-test-'))
    const path = join(folder, 'first.mjs')
    await writeFile(
      path,
      "import { startCluster } from './built/index.mjs'\nstartCluster({ storage: 'mysqld' })",
    )
    const env = { ...process.env, TMPDIR: empty }
    const child = spawn(process.execPath, [path], { stdio: 'ignore', env })
    const exited = once(child, 'exit')
    let directories = await directoriesOf(child)
    while (
      !(await Promise.all(directories.map((each) => exists(join(each, 'data'))))).includes(true)
    ) {
      directories = await directoriesOf(child)
    }
    child.kill('SIGKILL')
    await exited
    // Time for what it has started to write more.
    await sleep(2500)
    await untilDirectoriesGone(directories)
    await rm(empty, { recursive: true })
  })
})

/** The directories that a program's servers use, read from the command lines of its children. */
async function directoriesOf(child: ChildProcess): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'ppid=,args='])
  const lines = stdout.split('\n').filter((line) => Number.parseInt(line, 10) === child.pid)
  return lines.flatMap((line) => /\S+\/aurora-sim-\w+/.exec(line) ?? [])
}

describe('several programs at once', () => {
  it('start on a machine that has no prepared data, and leave only that', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'simulator-test-'))
    const ending = soon('cluster.close()')
    const programs = await Promise.all(
      [1, 2, 3].map((n) => startProgram(`parallel ${n}`, ending, { TMPDIR: empty })),
    )
    for (const { exited, trace } of programs) {
      expect(await exited).toEqual([0, null])
      await untilGone(trace)
    }
    const left = await readdir(empty)
    expect(left).toHaveLength(1)
    expect(left[0]).toMatch(/^aurora-mysql2-simulator-data-[0-9a-f]+$/)
    await rm(empty, { recursive: true })
  })
})
