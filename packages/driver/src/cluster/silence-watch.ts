import type { Emit } from '../contract/events.js'
import type { ResolvedOptions } from '../contract/options.js'
import { monotonicMs } from '../io/clock.js'
import { isAnswer } from '../policy/classify-error.js'
import { isLongSilence, judgeSilence } from '../policy/judge-silence.js'
import type { InstancePool } from './instance-pool.js'
import { type Hearing, MuteConnections } from './mute-connections.js'

/** Silence is counted in ticks of this length. */
const TICK_MS = 100
/** A tick later than this says more about us than about them: it counts nothing. */
const LATE_MS = 200
/** After a gap of this length (frozen process, paused machine) nothing that was believed holds. */
const GAP_MS = 2_000
/** A silent instance that answers is asked again after a second, then less and less often. */
const ASK_APART_MS = 1_000
const ASK_APART_MOST_MS = 10_000
/** Another instance that has spoken so lately shows that it is not us who are cut off. */
const OTHERS_WITHIN_MS = 1_000

interface Record {
  bytes: number
  silentMs: number
  unansweredMs: number | undefined
  unanswered: number
  hasAlarmed: boolean
  sinceAskedMs: number
  askApartMs: number
  /** It has answered late before: a question is given so long. */
  patienceMs: number
  spokeMs: number
  /** It has answered one of our questions since the last tick. */
  hasAnswered: boolean
  /** It has left a question unanswered, or been silent for long while nobody else spoke: its connections of then. */
  mute: MuteConnections | undefined
}

type Limits = Pick<ResolvedOptions, 'questionTimeoutMs' | 'condemnAfterMs'>

export interface SilenceWatchSetup {
  readonly options: ResolvedOptions
  readonly emit: Emit
  pools(): Iterable<InstancePool>
  /** Bytes received from it in answer to our own questions. */
  monitorBytes(pool: InstancePool): number
  /** When its host last took a connection of ours: then it is not us who are cut off. */
  connectedMs(pool: InstancePool): number
  /** The pool is being ended: nobody else speaks any more, and nothing is gained by waiting. */
  isClosing(): boolean
  /** Puts one question to it; resolves when it is answered, rejects when not. */
  ask(pool: InstancePool): Promise<unknown>
  /** It left a question unanswered: puts it on a new connection. Returns the old one, where that tells of others. */
  askAnew(pool: InstancePool): Hearing | undefined
  /** It left a question unanswered: look for the writer, lend nothing of it. */
  alarm(pool: InstancePool, silentMs: number): void
  /** It is gone without a word. */
  condemn(pool: InstancePool, silentMs: number): void
  /** It speaks again after a long silence, but not on these connections. */
  cutMute(pool: InstancePool, mute: MuteConnections): void
  /** It has greeted a connection of ours that is younger than the connects under way. */
  greeted(pool: InstancePool): void
  /** The process or the machine stood still. */
  onGap(): void
  /** Every tick, for what has to be done now and then. */
  onTick(nowMs: number): void
}

/**
 * Notices instances that have stopped speaking without closing anything: the old writer is fenced off without a reset, and the
 * client has to find out by itself (AWS: knowledge centre, aurora-mysql-redirected-endpoint-writer). Costs a timer and a sum of
 * byte counters ten times a second; nothing per statement.
 */
export class SilenceWatch {
  readonly #setup: SilenceWatchSetup
  readonly #records = new WeakMap<InstancePool, Record>()
  #timer: NodeJS.Timeout | undefined
  #tickedMs = 0
  #tickedWallMs = 0

  constructor(setup: SilenceWatchSetup) {
    this.#setup = setup
  }

  start(): void {
    if (this.#timer !== undefined) return
    this.#tickedMs = monotonicMs()
    this.#tickedWallMs = Date.now()
    // Judgement follows after the next poll phase: answers that have arrived during a stall of ours must be seen first.
    this.#timer = setInterval(() => setImmediate(() => this.#tick()).unref(), TICK_MS)
    this.#timer.unref()
  }

  /**
   * The process or the machine has stood still, and no tick has said so yet. The monotonic clock stands still with a paused
   * machine, the wall clock does not.
   */
  hasGap(nowMs: number): boolean {
    if (this.#timer === undefined) return false
    return nowMs - this.#tickedMs > GAP_MS || Date.now() - this.#tickedWallMs > GAP_MS
  }

  /** An answer to a question, whatever has become of the connection that it came on. */
  answeredBy(pool: InstancePool): void {
    this.#record(pool).hasAnswered = true
  }

  /** For how long it has owed us an answer to a question of ours; 0: it owes none. */
  owedForMs(pool: InstancePool): number {
    const record = this.#records.get(pool)
    if (record === undefined) return 0
    return record.hasAlarmed ? record.silentMs : (record.unansweredMs ?? 0)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    if (this.#timer === undefined) return
    const nowMs = monotonicMs()
    const passedMs = nowMs - this.#tickedMs
    if (this.hasGap(nowMs)) this.#setup.onGap()
    this.#tickedMs = nowMs
    this.#tickedWallMs = Date.now()
    const countedMs = passedMs > TICK_MS + LATE_MS ? 0 : passedMs
    const pools = [...this.#setup.pools()]
    for (const pool of pools) this.#listen(pool, countedMs, nowMs)
    for (const pool of pools) this.#judge(pool, pools, nowMs)
    this.#setup.onTick(nowMs)
  }

  #record(pool: InstancePool): Record {
    let record = this.#records.get(pool)
    if (record === undefined) {
      record = {
        bytes: 0,
        silentMs: 0,
        unansweredMs: undefined,
        unanswered: 0,
        hasAlarmed: false,
        sinceAskedMs: Number.POSITIVE_INFINITY,
        askApartMs: ASK_APART_MS,
        patienceMs: 0,
        spokeMs: Number.NEGATIVE_INFINITY,
        hasAnswered: false,
        mute: undefined,
      }
      this.#records.set(pool, record)
    }
    return record
  }

  #listen(pool: InstancePool, countedMs: number, nowMs: number): void {
    const record = this.#record(pool)
    const bytes = pool.bytesRead + this.#setup.monitorBytes(pool)
    // A sum that shrank means that a connection was closed; one that grew means that somebody spoke.
    const hasSpoken = bytes > record.bytes || record.hasAnswered
    record.bytes = bytes
    record.hasAnswered = false
    this.#hearMute(pool, record, hasSpoken, countedMs)
    const owesAnswers =
      pool.underWay > 0 || pool.connecting > 0 || record.unansweredMs !== undefined
    if (hasSpoken || !owesAnswers) {
      if (hasSpoken) acquit(record, nowMs)
      record.silentMs = 0
      record.unanswered = 0
      record.hasAlarmed = false
      if (!owesAnswers) record.askApartMs = ASK_APART_MS
    } else {
      record.silentMs += countedMs
      if (record.unansweredMs !== undefined) record.unansweredMs += countedMs
    }
    record.sinceAskedMs += countedMs
  }

  #hearMute(pool: InstancePool, record: Record, hasSpoken: boolean, countedMs: number): void {
    const { mute } = record
    if (mute === undefined) return
    if (hasSpoken) mute.noteSpeech()
    const verdict = mute.judge(countedMs, this.#setup.options.condemnAfterMs)
    if (verdict === 'waiting') return
    record.mute = undefined
    if (verdict === 'lost') this.#setup.cutMute(pool, mute)
  }

  #judge(pool: InstancePool, pools: readonly InstancePool[], nowMs: number): void {
    const { options } = this.#setup
    const record = this.#record(pool)
    const othersSpeak =
      this.#setup.isClosing() ||
      nowMs - this.#setup.connectedMs(pool) < OTHERS_WITHIN_MS ||
      pools.some(
        (other) => other !== pool && nowMs - this.#record(other).spokeMs < OTHERS_WITHIN_MS,
      )
    const questionTimeoutMs = Math.max(options.questionTimeoutMs, record.patienceMs)
    const silence = { ...record, othersSpeak }
    const verdict = judgeSilence(silence, { ...options, questionTimeoutMs })
    if (isLongSilence(silence, options)) record.mute ??= new MuteConnections(pool.leases)
    if (verdict === 'ask') this.#ask(pool, record)
    else if (verdict === 'condemn') {
      this.#setup.condemn(pool, record.silentMs)
      this.#records.delete(pool)
    } else if (verdict === 'alarm') {
      record.unanswered++
      record.unansweredMs = undefined
      record.sinceAskedMs = 0
      record.askApartMs = ASK_APART_MS
      if (!record.hasAlarmed) this.#setup.alarm(pool, record.silentMs)
      record.hasAlarmed = true
      // Where it speaks on a new connection, this one tells whether those from before are lost.
      const unanswered = this.#setup.askAnew(pool)
      if (unanswered) record.mute ??= new MuteConnections([...pool.leases, unanswered])
    }
  }

  #ask(pool: InstancePool, record: Record): void {
    this.#setup.emit('instanceSuspected', {
      instance: pool.id,
      silentMs: Math.round(record.silentMs),
    })
    record.sinceAskedMs = 0
    record.unansweredMs = 0
    const askedMs = monotonicMs()
    const answered = (): void => {
      record.askApartMs = Math.min(ASK_APART_MOST_MS, record.askApartMs * 2)
      record.patienceMs = patienceAfter(monotonicMs() - askedMs, this.#setup.options)
      acquit(record, monotonicMs())
    }
    const told = (): void => {
      if (this.#setup.connectedMs(pool) >= askedMs) this.#setup.greeted(pool)
      answered()
    }
    this.#setup.ask(pool).then(told, (error) => {
      if (isAnswer(error)) answered()
    })
  }
}

/** An answer that came late is a measure for the next one, up to where silence is death. */
function patienceAfter(tookMs: number, { questionTimeoutMs, condemnAfterMs }: Limits): number {
  return tookMs <= questionTimeoutMs ? 0 : Math.min(condemnAfterMs, 1.25 * tookMs)
}

/** It has spoken. */
function acquit(record: Record, nowMs: number): void {
  record.spokeMs = nowMs
  record.silentMs = 0
  record.unanswered = 0
  record.hasAlarmed = false
  record.unansweredMs = undefined
}
