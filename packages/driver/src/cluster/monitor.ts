import { codeOf } from '../contract/error-code.js'
import type { Emit } from '../contract/events.js'
import type { Transport } from '../contract/mysql2.js'
import { monotonicMs } from '../io/clock.js'
import type { Patience } from '../io/patience.js'
import { Pause } from '../io/pause.js'
import type { Questioner } from '../io/questioner.js'
import { applyReport } from '../model/apply-report.js'
import type { Endpoint, InstanceEndpoint } from '../model/endpoint.js'
import type { Topology, TopologyReport } from '../model/topology.js'
import { withKnownRows } from '../model/with-known-rows.js'
import { CalmPace } from './calm-pace.js'
import { Freshener } from './freshener.js'
import { Questioners, type QuestionersSetup } from './questioners.js'
import { Refusals } from './refusals.js'
import { UrgentPace } from './urgent-pace.js'

/** The id under which the endpoint given is asked. No instance can be called so. */
export const GIVEN = '(endpoint)'

/** In calm a question may take as long as a connect to a busy server does. */
const CALM: Patience = { connectMs: 5_000, answerMs: 5_000 }
/** In an episode, and when it could not be reached the last time, a host that takes no connection is tried anew after so long. */
const URGENT_CONNECT_MS = 1_000
/** After the loss of an open connection the next question comes within this share of the interval. */
const SOON = 0.5

export interface MonitorSetup extends Omit<QuestionersSetup, 'onLost'> {
  /** `'role'`: there is one endpoint and nothing to discover; only its role is asked, and only in an episode. */
  readonly question: 'topology' | 'role'
  readonly instanceEndpoint: InstanceEndpoint | undefined
  readonly emit: Emit
  /** The reader endpoint never leaves its set: no writer is believed in, none is asked. */
  readonly asksReadersOnly: boolean
  /** Instances that may be asked: all, or readers only. */
  mayAsk(id: string): boolean
  /** Something answered; `topology` is what is believed now, undefined where only the role is asked. */
  onReport(report: TopologyReport, topology: Topology | undefined): void
  /** A question failed: refused, lost, or unanswered. */
  onUnasked(id: string, error: unknown): void
  /** Whether statements have run lately: without them nothing is asked. */
  isInUse(): boolean
}

/**
 * Asks for the topology. *Calm*: one question every `refreshIntervalMs` to the writer, whose copy is the authoritative one; to a
 * reader only when the writer does not answer. *Urgent*: every candidate in parallel, each about every `urgentIntervalMs`, one
 * question under way per instance. *Asleep*: nothing, with all connections closed, so that a serverless cluster can pause.
 */
export class Monitor {
  readonly #setup: MonitorSetup
  /** The connections that it asks on. */
  readonly questioners: Questioners
  readonly #refusals = new Refusals()
  readonly #pace: CalmPace
  readonly #urgentPace: UrgentPace
  /** Those whose last question was not answered. */
  readonly #failing = new Set<string>()
  readonly #urgent: Patience
  readonly #urged = new Set<string>()
  readonly #pauses = new Map<string, Pause>()
  #topology: Topology | undefined
  #mode: 'new' | 'calm' | 'urgent' | 'asleep' | 'closed' = 'new'
  #timer: NodeJS.Timeout | undefined
  readonly #freshener = new Freshener({
    topology: () => this.#topology,
    ask: () => {
      if (this.#mode === 'calm') void this.ask(this.#preferred()).catch(ignore)
    },
  })
  #isResting = false
  /** An instance has answered under its own endpoint: the endpoints that we derive are good. */
  #hasReachedInstance = false

  constructor(setup: MonitorSetup) {
    this.#setup = setup
    this.#pace = new CalmPace(setup.options.refreshIntervalMs)
    this.#urgentPace = new UrgentPace(setup.options)
    const answerMs = Math.max(URGENT_CONNECT_MS, setup.options.condemnAfterMs)
    this.#urgent = { connectMs: URGENT_CONNECT_MS, answerMs }
    this.questioners = new Questioners({ ...setup, onLost: (id) => this.#onLost(id) })
  }

  get topology(): Topology | undefined {
    return this.#topology
  }

  get isAsleep(): boolean {
    return this.#mode === 'asleep'
  }

  get hasReachedInstance(): boolean {
    return this.#hasReachedInstance
  }

  /** Begins to ask, or begins again after a sleep. */
  start(): void {
    if (this.#mode !== 'new' && this.#mode !== 'asleep') return
    this.#mode = 'calm'
    if (this.#setup.question === 'topology' && !this.#isResting) void this.#askCalmly()
  }

  /** Urgent from now on, until `calm()`. */
  hurry(): void {
    if (this.#mode === 'urgent' || this.#mode === 'closed') return
    this.#mode = 'urgent'
    this.#urgentPace.begin()
    clearTimeout(this.#timer)
    this.#urgeAll()
  }

  /** The writer has confirmed itself: back to one question per interval. */
  calm(): void {
    if (this.#mode !== 'urgent') return
    this.#mode = 'calm'
    if (this.#setup.question === 'topology' && !this.#isResting) this.#schedule()
  }

  /** There is no topology to be had: from now on only an episode asks, and only the endpoint given. */
  rest(): void {
    this.#isResting = true
    this.#topology = undefined
    clearTimeout(this.#timer)
    this.questioners.keepOnly(() => false)
  }

  /** What kept the topology from being had may be over: asks for it as at first. False where this is not the time. */
  resume(): boolean {
    if (this.#mode !== 'calm') return false
    this.#isResting = false
    this.#hasReachedInstance = false
    void this.#askCalmly()
    return true
  }

  /** Nothing has run for long: nothing is asked, and nothing kept open, until `start()`. */
  sleep(): void {
    if (this.#mode === 'urgent' || this.#mode === 'closed') return
    this.#mode = 'asleep'
    this.questioners.keepOnly(() => false)
  }

  /** Reads are being held on the writer because of what was written up to `sinceMs`. */
  freshen(sinceMs: number): void {
    if (this.#mode === 'calm') this.#freshener.freshen(sinceMs)
  }

  /** A read was placed, at `nowMs`, whose reader must not lag too much. */
  watchLag(nowMs: number): void {
    if (this.#pace.watchLag(nowMs) && this.#mode === 'calm' && !this.#isResting) this.#schedule()
  }

  /** Asks one instance, or joins the question to it that is under way. */
  async ask(id: string): Promise<TopologyReport> {
    if (this.#isClosed) throw new Error('Pool is closed.')
    const questioner = this.#questioner(id)
    if (questioner.isAsking) return await questioner.topology(CALM)
    const isUrgent = this.#mode === 'urgent'
    const startedMs = monotonicMs()
    const tell = (outcome: 'writer' | 'reader' | 'failed', code: string | undefined): void => {
      const tookMs = monotonicMs() - startedMs
      this.#setup.emit('instanceAsked', { instance: id, outcome, code, tookMs })
    }
    const within = isUrgent || this.#failing.has(id) ? this.#urgent : CALM
    try {
      const report = await (this.#setup.question === 'topology'
        ? questioner.topology(within)
        : questioner.role(within))
      if (isUrgent) tell(report.isReadOnly ? 'reader' : 'writer', undefined)
      this.#setup.addresses.succeeded(questioner.endpoint.host)
      this.#refusals.clear(id)
      this.#failing.delete(id)
      this.#take(id, report)
      return report
    } catch (error) {
      const code = codeOf(error)
      if (isUrgent) tell('failed', code)
      if (questioner.isAside) throw error
      this.#noteFailure(id, questioner.endpoint.host, error)
      if (!this.#isClosed) this.#setup.onUnasked(id, error)
      throw error
    }
  }

  /** Whether the endpoint given is Aurora at all. */
  async isAurora(): Promise<boolean> {
    if (this.#isClosed) throw new Error('Pool is closed.')
    return this.#questioner(GIVEN).isAurora(CALM)
  }

  /** Asks an instance that could not be reached, unless it is to be left alone for a while. */
  askAgain(id: string): void {
    const instance = this.#topology?.instances.find((each) => each.id === id)
    // It may be elsewhere by now, while its old address takes connections and says nothing.
    if (instance !== undefined)
      this.#setup.addresses.recheck(instance.endpoint.host, () => this.drop(id))
    if (this.#refusals.pauseMs(id) === 0) void this.ask(id).catch(ignore)
  }

  /** Whether an instance that has left the topology still answers. */
  probe(id: string, endpoint: Endpoint): Promise<void> {
    return this.questioners.probe(id, endpoint, this.#urgent)
  }

  /** Nobody that could be the writer is left but instances that deny us: the error of one of them. */
  get denial(): unknown {
    return this.#refusals.denialOf(this.#candidates())
  }

  /** Who refused us last, of those that could be the writer. */
  get lastRefusal(): { readonly id: string; readonly error: unknown } | undefined {
    return this.#refusals.lastOf(this.#candidates())
  }

  /** The question under way there is not answered: puts it on a new connection. Returns the old one, where it tells of others. */
  askAnew(id: string): Transport | undefined {
    const aside = this.questioners.putAside(id)
    if (aside === undefined) return undefined
    this.#failing.add(id)
    void this.ask(id).catch(ignore)
    return aside.witness
  }

  /** An instance has left the topology. One that comes back under its name may have another address. */
  forget(id: string, endpoint: Endpoint): void {
    this.drop(id)
    this.#setup.addresses.forget(endpoint.host)
  }

  /** Connections from before a gap in the clock may be dead without having said so. A question under way may be answered all the same. */
  doubtAll(): void {
    this.questioners.keepOnly((id) => this.questioners.isAsking(id))
  }

  /** Closes the connection to an instance that was condemned. */
  drop(id: string): void {
    this.questioners.drop(id)
  }

  close(): void {
    this.#mode = 'closed'
    clearTimeout(this.#timer)
    this.#freshener.close()
    this.questioners.close()
  }

  get #isClosed(): boolean {
    return this.#mode === 'closed'
  }

  async #askCalmly(): Promise<void> {
    if (!this.#setup.isInUse()) return this.sleep()
    const preferred = this.#preferred()
    try {
      await this.ask(preferred)
    } catch {
      const other =
        this.#topology?.readers.find(({ id }) => id !== preferred && this.#setup.mayAsk(id))?.id ??
        GIVEN
      if (this.#mode === 'calm' && other !== preferred) await this.ask(other).catch(ignore)
    }
    if (this.#mode === 'calm' && !this.#isResting) this.#schedule()
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    const paceMs = this.#pace.delayMs(this.#hasReachedInstance)
    // A wrong password locks accounts. Once the cluster is known others are asked in the place of whoever denies us, at the usual pace.
    const pauseMs = this.#hasReachedInstance ? 0 : this.#refusals.pauseMs(this.#preferred())
    const delayMs = Math.max(paceMs, pauseMs)
    this.#timer = setTimeout(() => {
      if (this.#mode === 'calm') void this.#askCalmly()
    }, delayMs)
    this.#timer.unref()
  }

  /** The writer, whose copy is the authoritative one; else whoever may be asked; at first the endpoint given. */
  #preferred(): string {
    const topology = this.#topology
    if (topology?.writer !== undefined && this.#setup.mayAsk(topology.writer.id))
      return topology.writer.id
    return topology?.instances.find(({ id }) => this.#setup.mayAsk(id))?.id ?? GIVEN
  }

  #urgeAll(): void {
    for (const id of this.#candidates()) void this.#urge(id)
  }

  /** Whoever may be the writer. */
  #candidates(): string[] {
    const ids =
      this.#topology?.instances.map(({ id }) => id).filter((id) => this.#setup.mayAsk(id)) ?? []
    // Instances may all have been replaced, or never have been reached: then only the name that was given leads to them.
    const isLong = this.#mode === 'urgent' && this.#urgentPace.isLong
    if (ids.length === 0 || isLong || !this.#hasReachedInstance) ids.push(GIVEN)
    return ids
  }

  /** A reader that is away may come back elsewhere; the writer is looked for where it was. */
  #noteFailure(id: string, host: string, error: unknown): void {
    const { addresses } = this.#setup
    this.#refusals.note(id, error)
    this.#failing.add(id)
    if (id === GIVEN) return
    if (this.#mode === 'urgent' || id === this.#topology?.writer?.id)
      addresses.failed(host, codeOf(error))
    else addresses.recheck(host)
  }

  async #urge(id: string): Promise<void> {
    if (this.#urged.has(id)) return
    this.#urged.add(id)
    while (this.#mode === 'urgent' && this.#isCandidate(id)) {
      await this.ask(id).catch(ignore)
      if (this.#mode !== 'urgent') break
      await this.#pause(id)
      this.#urgeAll()
    }
    this.#urged.delete(id)
  }

  #isCandidate(id: string): boolean {
    return (
      id === GIVEN || (this.#topology?.instances.some((instance) => instance.id === id) ?? false)
    )
  }

  /** A connection that had been open was lost: that is news in itself, so the next question does not wait for its turn. */
  #onLost(id: string): void {
    const soonMs = Math.random() * this.#setup.options.urgentIntervalMs * SOON
    const pause = this.#pauses.get(id)
    if (this.#mode === 'urgent' && pause !== undefined) pause.endWithin(soonMs)
    else if (this.#mode === 'calm' && !this.#isResting && id === this.#topology?.writer?.id) {
      setTimeout(() => {
        if (this.#mode === 'calm') void this.ask(id).catch(ignore)
      }, soonMs).unref()
    }
  }

  async #pause(id: string): Promise<void> {
    const pause = new Pause(Math.max(this.#urgentPace.delayMs(), this.#refusals.pauseMs(id)))
    this.#pauses.set(id, pause)
    await pause.over
    this.#pauses.delete(id)
  }

  #take(id: string, report: TopologyReport): void {
    if (this.#mode === 'closed') return
    const previous = this.#topology
    const { instanceEndpoint, question } = this.#setup
    const showsNothing = previous === undefined && report.rows.length === 0
    if (question === 'role' || instanceEndpoint === undefined || this.#isResting || showsNothing) {
      if (report.isReadOnly && this.#mode === 'urgent') this.questioners.followName(id)
      this.#setup.onReport(report, undefined)
      return
    }
    if (id !== GIVEN) {
      const isFirst = !this.#hasReachedInstance
      this.#hasReachedInstance = true
      if (this.#mode === 'calm') {
        this.drop(GIVEN)
        // From the settling pace to the ordinary one.
        if (isFirst) this.#schedule()
      }
    }
    const heard = withKnownRows(this.#asHeard(report), previous)
    const update = applyReport(previous, heard, instanceEndpoint)
    // Nobody has an endpoint: then there is nothing to discover.
    if (previous === undefined && update.topology.instances.length === 0)
      return this.#setup.onReport(report, undefined)
    this.#topology = update.topology
    this.#freshener.learn(update.topology)
    for (const { endpoint } of update.topology.instances)
      this.#setup.addresses.prefetch(endpoint.host)
    this.questioners.keepOnly((known) => this.#isCandidate(known))
    this.#setup.onReport(report, update.topology)
    if (this.#mode === 'urgent') return this.#urgeAll()
    // Nothing is believed at second hand: whoever is said to be the writer is asked itself, and endpoints that were derived
    // are tried before anything relies on them.
    const next =
      update.claimedWriterId ?? (this.#hasReachedInstance ? undefined : this.#preferred())
    if (next !== undefined && next !== id && this.#mode === 'calm' && this.#setup.mayAsk(next))
      void this.ask(next).catch(ignore)
  }

  /** Where only readers may be asked, the name may lead to the writer for a moment: its word is then its rows alone. */
  #asHeard(report: TopologyReport): TopologyReport {
    if (report.isReadOnly || !this.#setup.asksReadersOnly) return report
    return { ...report, answeredBy: GIVEN, isReadOnly: true }
  }

  #questioner(id: string): Questioner {
    const instance = this.#topology?.instances.find((candidate) => candidate.id === id)
    return this.questioners.of(id, instance?.endpoint)
  }
}

function ignore(): void {}
