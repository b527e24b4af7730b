import { codeOf } from '../contract/error-code.js'
import type { Emit, FailoverReason, FenceReason } from '../contract/events.js'
import type { ResolvedOptions } from '../contract/options.js'
import { monotonicMs } from '../io/clock.js'
import { lostError } from '../io/connection.js'
import type { TopologyReport } from '../model/topology.js'
import type { InstancePool, Lease } from './instance-pool.js'

/** Until then no name is looked up: the instance promoted keeps its address. */
const LONG_AFTER_MS = 3_000

export interface FailoverSetup {
  readonly options: ResolvedOptions
  readonly emit: Emit
  hurry(): void
  calm(): void
  /** The writer's pool as believed now. */
  writer(): InstancePool | undefined
  /** For how long an instance has owed an answer to a question; 0: it speaks. */
  owedForMs(pool: InstancePool): number
  /** Starts whoever waits, in this turn. */
  wake(): number
  waiting(): number
}

interface Episode {
  readonly startedMs: number
  readonly reason: FailoverReason
  readonly firstError: unknown
  readonly previous: InstancePool
  readonly timer: NodeJS.Timeout
}

/**
 * One failover, from the first error to resumed writes. It reads from top to bottom:
 *
 * | step | what happens | event |
 * |---|---|---|
 * | first error | a statement, or a question to the writer, fails | |
 * | episode opens | from now on statements for the writer wait | `failoverStarted` |
 * | fence | the writer's connections are not lent again; after mere silence not before they are checked | `instanceFenced` |
 * | hurry | every candidate is asked, each about every 100 ms | `instanceAsked` |
 * | believe | one says of itself that it is the writer, in answer to a question sent after the trouble began | |
 * | verify | identity and role of each new connection are asked on that connection | (instance pool) |
 * | swap | the topology is replaced; write sessions on the former writer are cut | `topologyChanged`, `writerPromoted` |
 * | wake | whoever waits is started, in order, in this turn | |
 * | closed | | `failoverCompleted` |
 *
 * The same writer confirming itself ends an episode as well: then it was a lost connection, or a restart.
 */
export class Failover {
  readonly #setup: FailoverSetup
  #episode: Episode | undefined
  #completedMs = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(setup: FailoverSetup) {
    this.#setup = setup
  }

  get isOpen(): boolean {
    return this.#episode !== undefined
  }

  /** The episode that is open has lasted for longer than anybody waits. */
  get isOverdue(): boolean {
    return this.#hasLasted(this.#setup.options.failoverTimeoutMs)
  }

  /** The writer has been looked for for longer than a failover takes: it may have come back elsewhere. */
  get isLong(): boolean {
    return this.#hasLasted(LONG_AFTER_MS)
  }

  /** What began the episode that is open. */
  get firstError(): unknown {
    return this.#episode?.firstError
  }

  /** Roles may still waver: an episode is open, or ended less than `ms` ago. */
  isRecent(ms: number): boolean {
    return this.#episode !== undefined || this.hasEndedWithin(ms)
  }

  /** An episode ended less than `ms` ago, whether or not another is open. */
  hasEndedWithin(ms: number): boolean {
    return monotonicMs() - this.#completedMs < ms
  }

  /** First error → episode opens → fence → hurry. An error of an older generation starts nothing: it is the echo of one before. */
  begin(
    pool: InstancePool,
    lease: Lease | undefined,
    reason: FailoverReason,
    error: unknown,
  ): void {
    const isEcho =
      lease === undefined ? this.#episode !== undefined : lease.generation !== pool.generation
    if (isEcho || this.#isClosed) return
    const { emit, options } = this.#setup
    const isFirst = this.#episode === undefined
    // Before the fence, which gives borrowers their error: what they do about it must find the episode open.
    this.#episode ??= {
      startedMs: monotonicMs(),
      reason,
      firstError: error,
      previous: this.#setup.writer() ?? pool,
      timer: setTimeout(() => this.#tellFailed(), options.failoverTimeoutMs).unref(),
    }
    if (isFirst) {
      emit('failoverStarted', { writer: this.#episode.previous.id, reason, code: codeOf(error) })
    }
    // Mere silence may pass: then the same connections are good again. Until then nothing is lent of them.
    if (reason !== 'unanswered') fence(pool, fenceReasonOf(reason), emit, () => false)
    if (isFirst) this.#setup.hurry()
  }

  /** Believe: an instance has confirmed itself as the writer. `swap` puts the topology in force. */
  confirmed(report: TopologyReport, swap: () => void): void {
    const episode = this.#episode
    if (episode !== undefined && report.askedAtMs < episode.startedMs) return swap()
    const { emit } = this.#setup
    const previous = episode?.previous ?? this.#setup.writer()
    swap()
    const writer = this.#setup.writer()
    if (writer === undefined) return
    const isSameWriter = previous === undefined || writer === previous
    if (!isSameWriter) this.#promote(writer, previous, episode)
    if (episode === undefined) return
    this.#episode = undefined
    this.#completedMs = monotonicMs()
    clearTimeout(episode.timer)
    this.#setup.calm()
    if (isSameWriter) {
      writer.doubtAll()
      writer.connectAnew()
    }
    writer.narrowGate(this.#setup.options.maxConnecting)
    const woken = this.#setup.wake()
    emit('failoverCompleted', {
      writer: writer.id,
      isSameWriter,
      durationMs: this.#completedMs - episode.startedMs,
      woken,
    })
  }

  /** There is no writer to wait for (a reader, or a secondary cluster): whoever waits goes on, and gets its error from the server. */
  abandon(): void {
    const episode = this.#episode
    if (episode === undefined) return
    this.#episode = undefined
    clearTimeout(episode.timer)
    this.#setup.calm()
    this.#setup.wake()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#episode?.timer)
    this.#episode = undefined
  }

  #hasLasted(ms: number): boolean {
    return this.#episode !== undefined && monotonicMs() - this.#episode.startedMs > ms
  }

  #promote(writer: InstancePool, previous: InstancePool, episode: Episode | undefined): void {
    const { emit, options } = this.#setup
    // A former writer that speaks serves reads: what runs there and cannot write may end. One that fell silent is condemned now
    // that another has taken its place.
    const isSilent = episode?.reason === 'unanswered'
    fence(previous, isSilent ? 'condemned' : 'demoted', emit, (lease) => {
      return isSilent || lease.isInTransaction || lease.isBound
    })
    // What writes by itself is about to be refused, and can run again; what gets no answer can not. One that has left a question
    // unanswered for some of that time already has as much less.
    if (!isSilent) {
      const leftMs = options.questionTimeoutMs - this.#setup.owedForMs(previous)
      setTimeout(() => cutWrites(previous), Math.max(0, leftMs)).unref()
    }
    this.#completedMs = monotonicMs()
    const sinceStartMs = episode === undefined ? 0 : monotonicMs() - episode.startedMs
    emit('writerPromoted', { writer: writer.id, previous: previous.id, sinceStartMs })
  }

  #tellFailed(): void {
    const { emit, options } = this.#setup
    emit('failoverFailed', { waitedMs: options.failoverTimeoutMs, waiting: this.#setup.waiting() })
  }
}

/** One increment makes every connection of an instance unusable; those that `cutIf` names are closed in the middle of their work. */
export function fence(
  pool: InstancePool,
  reason: FenceReason,
  emit: Emit,
  cutIf: (lease: Lease) => boolean,
): void {
  // One for each that gets it: what is known about a statement is written on its error.
  const cut = pool.fence(() => lostError(FENCED), cutIf)
  emit('instanceFenced', { instance: pool.id, reason, generation: pool.generation, cut })
}

/** Whatever still writes on connections from before the instance was fenced. */
function cutWrites(pool: InstancePool): void {
  for (const lease of [...pool.leases]) {
    if (lease.isFenced && lease.isWriting) lease.cut(lostError(FENCED))
  }
}

const FENCED = 'Connection lost: the instance is not the writer any more, or cannot be reached.'

function fenceReasonOf(reason: FailoverReason): FenceReason {
  switch (reason) {
    case 'refused':
    case 'stopping':
    case 'demoted':
      return reason
    case 'connection-lost':
    case 'connect-failed':
    case 'unanswered':
      return 'lost'
    default: {
      const unknown: never = reason
      return unknown
    }
  }
}
