import type { EventEmitter } from 'node:events'
import { Cluster } from '../cluster/cluster.js'
import type { PoolConfig } from '../contract/mysql2.js'
import type { ResolvedOptions } from '../contract/options.js'
import type { Role } from '../model/topology.js'
import type { AuroraControl } from './aurora-control.js'
import { Control } from './control.js'
import { EventHub } from './event-hub.js'
import { Session } from './session.js'

/**
 * What a pool and its views (`pool.writer`, `pool.reader`, the promise API) share: one cluster, one set of sessions, one end.
 */
export class Engine {
  readonly config: PoolConfig
  readonly cluster: Cluster
  readonly control: AuroraControl
  readonly #surfaces = new Set<EventEmitter>()
  readonly #sessions = new Set<Session>()
  readonly #onReturned: (() => void)[] = []
  #isDraining = false
  #isEnded = false

  constructor(config: PoolConfig, options: ResolvedOptions) {
    const hub = new EventHub()
    this.config = config
    this.cluster = new Cluster(config, options, hub.emit, {
      onConnection: (core) => this.tell('connection', core),
      onEnqueue: () => this.tell('enqueue'),
    })
    this.control = new Control(this.cluster, hub, this)
  }

  get isDraining(): boolean {
    return this.#isDraining && !this.#isEnded
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** A pool, or a view of it, that wants to hear mysql2's four pool events. */
  addSurface(surface: EventEmitter): void {
    this.#surfaces.add(surface)
  }

  tell(event: 'acquire' | 'connection' | 'enqueue' | 'release', ...args: unknown[]): void {
    for (const surface of this.#surfaces) {
      if (surface.listenerCount(event) > 0) surface.emit(event, ...args)
    }
  }

  /** Makes a session and takes its first lease. */
  openSession(role: Role | undefined, done: (error: unknown, session?: Session) => void): void {
    const session = new Session(this.cluster, this, role)
    this.#sessions.add(session)
    const { consistency } = this.cluster
    const context = consistency.current()
    session.open((error) => {
      if (error !== null) this.#forget(session)
      else this.tell('acquire', session)
      const tell = (): void => done(error, error === null ? session : undefined)
      if (context === undefined) tell()
      else consistency.within(context, tell)
    })
  }

  onReleased(session: Session): void {
    if (this.#forget(session) && !this.#isEnded) this.tell('release', session)
  }

  refuseNewWork(): void {
    this.#isDraining = true
  }

  /** Resolves when no session is out. */
  whenReturned(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onReturned.push(resolve))
  }

  end(done: () => void): void {
    if (this.#isEnded) return process.nextTick(done)
    this.#isEnded = true
    this.cluster.stop()
    // What is queued on a session runs before its connection is closed, as in mysql2.
    let left = 1
    const close = (): void => {
      if (--left === 0) this.cluster.close(done)
    }
    for (const session of this.#sessions) {
      left++
      session.drain(close)
    }
    close()
  }

  #forget(session: Session): boolean {
    if (!this.#sessions.delete(session)) return false
    if (this.#sessions.size === 0) for (const resolve of this.#onReturned.splice(0)) resolve()
    return true
  }
}
