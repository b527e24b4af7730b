import type { Emit } from '../contract/events.js'
import type { ResolvedOptions } from '../contract/options.js'
import { monotonicMs } from '../io/clock.js'
import { judgeSilence } from '../policy/judge-silence.js'
import type { InstancePool } from './instance-pool.js'

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
  spokeMs: number
}

export interface SilenceWatchSetup {
  readonly options: ResolvedOptions
  readonly emit: Emit
  pools(): Iterable<InstancePool>
  /** Bytes received from it in answer to our own questions. */
  monitorBytes(pool: InstancePool): number
  /** When its host last took a connection of ours: then it is not us who are cut off. */
  connectedMs(pool: InstancePool): number
  /** Puts one question to it; resolves when it is answered, rejects when not. */
  ask(pool: InstancePool): Promise<unknown>
  /** It left a question unanswered: look for the writer, lend nothing of it. */
  alarm(pool: InstancePool, silentMs: number): void
  /** It is gone without a word. */
  condemn(pool: InstancePool, silentMs: number): void
  /** The process or the machine stood still. */
  onGap(gapMs: number): void
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

  constructor(setup: SilenceWatchSetup) {
    this.#setup = setup
  }

  start(): void {
    if (this.#timer !== undefined) return
    this.#tickedMs = monotonicMs()
    // Judgement follows after the next poll phase: answers that have arrived during a stall of ours must be seen first.
    this.#timer = setInterval(() => setImmediate(() => this.#tick()).unref(), TICK_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    if (this.#timer === undefined) return
    const nowMs = monotonicMs()
    const passedMs = nowMs - this.#tickedMs
    this.#tickedMs = nowMs
    if (passedMs > GAP_MS) this.#setup.onGap(passedMs)
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
        spokeMs: Number.NEGATIVE_INFINITY,
      }
      this.#records.set(pool, record)
    }
    return record
  }

  #listen(pool: InstancePool, countedMs: number, nowMs: number): void {
    const record = this.#record(pool)
    const bytes = pool.bytesRead + this.#setup.monitorBytes(pool)
    // A sum that shrank means that a connection was closed; only one that grew means that somebody spoke.
    const hasSpoken = bytes > record.bytes
    record.bytes = bytes
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

  #judge(pool: InstancePool, pools: readonly InstancePool[], nowMs: number): void {
    const { options } = this.#setup
    const record = this.#record(pool)
    const othersSpeak =
      nowMs - this.#setup.connectedMs(pool) < OTHERS_WITHIN_MS ||
      pools.some(
        (other) => other !== pool && nowMs - this.#record(other).spokeMs < OTHERS_WITHIN_MS,
      )
    const verdict = judgeSilence({ ...record, othersSpeak }, options)
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
    }
  }

  #ask(pool: InstancePool, record: Record): void {
    this.#setup.emit('instanceSuspected', {
      instance: pool.id,
      silentMs: Math.round(record.silentMs),
    })
    record.sinceAskedMs = 0
    record.unansweredMs = 0
    this.#setup.ask(pool).then(
      () => {
        record.askApartMs = Math.min(ASK_APART_MOST_MS, record.askApartMs * 2)
        acquit(record, monotonicMs())
      },
      () => {},
    )
  }
}

/** It has spoken. */
function acquit(record: Record, nowMs: number): void {
  record.spokeMs = nowMs
  record.silentMs = 0
  record.unanswered = 0
  record.hasAlarmed = false
  record.unansweredMs = undefined
}
