import type { EventEmitter } from 'node:events'
import { Cluster } from '../cluster/cluster.js'
import { Holder } from '../cluster/holder.js'
import type { Runner } from '../cluster/work.js'
import type { Emit } from '../contract/events.js'
import type { PoolConfig } from '../contract/mysql2.js'
import type { ResolvedOptions } from '../contract/options.js'
import type { StatementOptions } from '../contract/statement-options.js'
import { throwAlone } from '../contract/throw-alone.js'
import type { Role } from '../model/topology.js'
import type { AuroraControl } from './aurora-control.js'
import { Control } from './control.js'
import { EventHub } from './event-hub.js'
import { OpenTransaction } from './open-transaction.js'
import { Roster } from './roster.js'
import { runTransaction, type TransactionHost } from './run-transaction.js'
import { Session } from './session.js'
import { makeStatement } from './statement-request.js'
import { TellingRunner } from './telling-runner.js'
import type { TransactionHandle } from './transaction-handle.js'
import { SWEEP_TOKENS, TOKENS_PER_SWEEP } from './transaction-token.js'

/**
 * What a pool and its views (`pool.writer`, `pool.reader`, the promise API) share: one cluster, one set of sessions, one end.
 */
export class Engine {
  readonly config: PoolConfig
  readonly cluster: Cluster
  readonly control: AuroraControl
  readonly #surfaces: EventEmitter[] = []
  readonly #telling: TellingRunner
  readonly #sessions = new Roster<Session>()
  readonly #onReturned: (() => void)[] = []
  readonly #onEnd: (() => void)[] = []
  readonly #emit: Emit
  #transactions = 0
  #tokensUsed = 0
  #isDraining = false
  #isEnded = false

  constructor(config: PoolConfig, options: ResolvedOptions) {
    const hub = new EventHub()
    this.config = config
    this.#emit = hub.emit
    this.cluster = new Cluster(config, options, hub.emit, {
      onConnection: (core) => this.tell('connection', core),
      onEnqueue: () => this.tell('enqueue'),
    })
    this.control = new Control(this.cluster, hub, this)
    this.#telling = new TellingRunner(this.cluster, (event, core) => this.#tellTaken(event, core))
  }

  get isDraining(): boolean {
    return this.#isDraining && !this.#isEnded
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** A pool, or a view of it, that wants to hear mysql2's four pool events. */
  addSurface(surface: EventEmitter): void {
    this.#surfaces.push(surface)
  }

  tell(event: 'acquire' | 'connection' | 'enqueue' | 'release', ...args: unknown[]): void {
    for (const surface of this.#surfaces) {
      if (surface.listenerCount(event) > 0) surface.emit(event, ...args)
    }
  }

  /** What single statements run on: the cluster itself, unless somebody wants to hear of each. */
  get runner(): Runner {
    for (const surface of this.#surfaces) {
      if (surface.listenerCount('acquire') > 0 || surface.listenerCount('release') > 0)
        return this.#telling
    }
    return this.cluster
  }

  /** Makes a session and takes its first lease. */
  openSession(
    holder: Holder,
    done: (error: unknown, session?: Session) => void,
    waiting?: StatementOptions,
  ): void {
    const session = new Session(this.cluster, this, holder)
    this.#sessions.add(session)
    const { consistency } = this.cluster
    const context = consistency.current()
    session.open((error) => {
      if (error !== null) this.#forget(session)
      else this.#tellTaken('acquire', session)
      const tell = (): void => (error === null ? done(null, session) : done(error))
      if (context === undefined) tell()
      else consistency.within(context, tell)
    }, waiting)
  }

  /** Runs `work` in a transaction; see `RunTransaction`. It counts as running between two attempts too. */
  async transaction<T>(
    role: Role | undefined,
    work: (tx: TransactionHandle) => T | PromiseLike<T>,
    options: unknown,
  ): Promise<T> {
    this.#transactions++
    try {
      return await runTransaction(this.#transactionHost(role), work, options)
    } finally {
      this.#transactions--
      this.#tellReturned()
    }
  }

  onReleased(session: Session): void {
    if (this.#forget(session) && !this.#isEnded) this.#tellTaken('release', session)
  }

  onClosed(session: Session): void {
    this.#forget(session)
  }

  refuseNewWork(): void {
    this.#isDraining = true
  }

  /** Resolves when no session is out, and no transaction is under way. */
  whenReturned(): Promise<void> {
    if (this.#hasAllReturned) return Promise.resolve()
    return new Promise((resolve) => this.#onReturned.push(resolve))
  }

  /** Calls back when it is ended, however that comes about; now if it has been. */
  onEnd(listener: () => void): void {
    if (this.#isEnded) listener()
    else this.#onEnd.push(listener)
  }

  /** The time of a drain is over: nothing that is queued on sessions is begun any more. */
  giveUp(): void {
    for (const session of this.#sessions) session.giveUp()
  }

  end(done: () => void): void {
    if (this.#isEnded) return process.nextTick(done)
    this.#isEnded = true
    for (const listener of this.#onEnd) listener()
    // What is queued on a session runs before its connection is closed, as in mysql2.
    let left = 1
    const close = (): void => {
      // After whoever is told that the pool is closed.
      if (--left === 0) this.cluster.close(() => process.nextTick(done))
    }
    for (const session of this.#sessions) {
      left++
      session.drain(close)
    }
    this.cluster.stop()
    close()
  }

  /** What a listener throws is thrown where nobody else is: it must not stop half-way what takes a connection, or gives it back. */
  #tellTaken(event: 'acquire' | 'release', connection: unknown): void {
    try {
      this.tell(event, connection)
    } catch (error) {
      throwAlone(error)
    }
  }

  #forget(session: Session): boolean {
    if (!this.#sessions.delete(session)) return false
    this.#tellReturned()
    return true
  }

  get #hasAllReturned(): boolean {
    return this.#sessions.size === 0 && this.#transactions === 0
  }

  #tellReturned(): void {
    if (this.#onReturned.length > 0 && this.#hasAllReturned)
      for (const resolve of this.#onReturned.splice(0)) resolve()
  }

  #transactionHost(role: Role | undefined): TransactionHost {
    const engine = this
    return {
      cluster: this.cluster,
      role,
      withTrace: this.config.connectionConfig.trace,
      get isEnded() {
        return engine.#isEnded
      },
      emit: this.#emit,
      open: (own, waiting) => this.#openTransaction(own, waiting),
      onTokenUsed: () => this.#sweepTokens(),
    }
  }

  #openTransaction(role: Role | undefined, waiting: StatementOptions): Promise<OpenTransaction> {
    const holder = new Holder(role, true)
    return new Promise((resolve, reject) => {
      const done = (error: unknown, session?: Session): void => {
        if (session === undefined) reject(error)
        else resolve(new OpenTransaction(this.cluster, session, holder))
      }
      this.openSession(holder, done, waiting)
    })
  }

  /** Removes old tokens, now and then; when that fails the next one does it. */
  #sweepTokens(): void {
    if (this.#tokensUsed++ % TOKENS_PER_SWEEP !== 0 || this.#isEnded) return
    const sql = { sql: SWEEP_TOKENS, aurora: { idempotent: true } }
    this.cluster.run(
      makeStatement(this.cluster, 'query', sql, undefined, 'writer', undefined, () => {}),
    )
  }
}
