import { type ChildProcess, fork } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { AuroraOptions } from 'aurora-mysql2'
import type { Cluster } from 'aurora-mysql2-simulator'
import { build } from 'tsup'
import { afterAll, beforeAll } from 'vitest'
import { AT_SCALE } from './scenario.js'

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))
// Inside node_modules, so that the driver's own dependencies are found from there.
const outDir = fromHere(`../../packages/driver/node_modules/.application-test-${process.pid}`)

/** Builds the driver from its source for the applications of a test file. */
export function useApplications(): void {
  beforeAll(() =>
    build({
      entry: [fromHere('../../packages/driver/src/promise.ts')],
      outDir,
      format: 'esm',
      config: false,
      dts: false,
      silent: true,
      external: ['mysql2', 'mysql2/promise', 'generic-pool', 'lru-cache'],
    }),
  )
  afterAll(() => rm(outDir, { recursive: true, force: true }))
}

/** One statement for an application to run. */
export interface Ask {
  readonly sql: string
  readonly values?: readonly unknown[]
  /** The session that it belongs to; opened by its first statement. Default: the pool. */
  readonly session?: string
  /** Begun by a timer of the application's, so long after it was asked. */
  readonly afterMs?: number
}

/** What an application has heard from its pool. */
export interface ApplicationEvent {
  readonly name: 'failoverStarted' | 'instanceFenced' | 'instanceAsked' | 'instanceSuspected'
  readonly instance?: string
}

interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly error?: object
}

/** An application with a pool, in a process of its own: it can be frozen, and its event loop held up, without the cluster. */
export class Application {
  readonly #child: ChildProcess
  readonly #replies = new Map<number, (reply: Reply) => void>()
  #count = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (reply: Reply) => {
      this.#replies.get(reply.id)?.(reply)
      this.#replies.delete(reply.id)
    })
    child.once('exit', (code) => {
      for (const [id, heard] of this.#replies) {
        heard({ id, error: { message: `The application ended with ${code}` } })
      }
    })
  }

  /** Starts it, with a pool that knows the cluster; `addressOf`: where an instance's name leads. */
  static async start(
    cluster: Cluster,
    aurora: AuroraOptions = {},
    addressOf: (address: string) => string | Promise<string> = (address) => address,
  ): Promise<Application> {
    const { aurora: _, ...login } = cluster.connection
    const names: Record<string, string> = {
      [login.host]: await addressOf(cluster.writer.address),
    }
    for (const { endpoint, address } of cluster.instances) {
      names[endpoint] = await addressOf(address)
    }
    const driver = pathToFileURL(`${outDir}/promise.js`).href
    const settings = { driver, login, names, aurora: { ...AT_SCALE, ...aurora } }
    const child = fork(fromHere('application.mjs'), {
      execArgv: [],
      env: { ...process.env, APPLICATION: JSON.stringify(settings) },
    })
    const application = new Application(child)
    await application.#ask('ready')
    return application
  }

  /** Runs a statement; rejects with what the application was told. */
  query(ask: Ask): Promise<unknown> {
    return this.#ask('query', ask)
  }

  async release(session: string): Promise<void> {
    await this.#ask('release', { session })
  }

  /** Holds up its event loop from now on whenever it has just asked a silent instance whether it is there. */
  async blockWhenSuspecting(ms: number): Promise<void> {
    await this.#ask('blockWhenSuspecting', { ms })
  }

  /** What it has heard from its pool since this was asked last. */
  async heard(): Promise<readonly ApplicationEvent[]> {
    return (await this.#ask('heard')) as ApplicationEvent[]
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** Ends its pool, and with it the process, which must find nothing left to wait for. */
  async end(): Promise<number | null> {
    const exited = new Promise<number | null>((resolve) => this.#child.once('exit', resolve))
    await this.#ask('end')
    return exited
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #ask(deed: string, ask: object = {}): Promise<unknown> {
    const id = ++this.#count
    return new Promise((resolve, reject) => {
      this.#replies.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result)
        else reject(Object.assign(new Error(), error))
      })
      this.#child.send({ id, deed, ...ask })
    })
  }
}
