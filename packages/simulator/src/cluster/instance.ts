import type { Socket } from 'node:net'
import type { TLSSocketOptions } from 'node:tls'
import { errorPayload, packet, type ServerError } from '../protocol/packet.js'
import { readOnlyError } from '../session/refusal.js'
import { resetSocket } from '../session/reset-socket.js'
import { Session } from '../session/session.js'
import type { InstanceCounters, Role, SessionHost, SessionReport } from '../session/session-host.js'
import type { AuroraAnswers } from '../sql/aurora-answers.js'
import { type HostStatusRow, hostStatusSql } from '../sql/host-status-sql.js'
import type { Storage } from '../storage/storage.js'
import type { EventLog } from './event-log.js'
import { type HostStatusTable, TopologyCopy } from './host-status-table.js'
import { LayeredValue } from './layered-value.js'
import { Listener } from './listener.js'

/** `down`: refuses connections. `hung`: silent. `removed`: deleted for good. */
export type InstanceState = 'up' | 'down' | 'hung' | 'removed'

/** What the instances of a cluster share. */
export interface InstanceSurroundings {
  readonly storage: Storage
  readonly log: EventLog
  readonly table: HostStatusTable
  readonly auroraVersion: string
  readonly timestampZoneMinutes: number
  readonly isRecordingStatements: boolean
  readonly baseLagMs: number
  /** When the volume last took a write, shared by all. */
  readonly volume: { lastWriteAtMs: number }
}

/** Where and as what an instance starts. */
export interface InstanceSettings {
  readonly id: string
  readonly tier: number
  readonly endpoint: string
  readonly address: string
  readonly role: Role
  readonly tls: TLSSocketOptions | undefined
}

const maxRecordedStatements = 1000

const tooManyConnections: ServerError = {
  errno: 1040,
  sqlState: '08004',
  message: 'Too many connections',
}

/** One instance: its listening socket, its sessions, its role, and what faults make of it. */
export class Instance implements SessionHost {
  readonly id: string
  readonly tier: number
  readonly endpoint: string
  readonly address: string
  readonly storage: Storage
  readonly tls: TLSSocketOptions | undefined
  readonly isRecordingStatements: boolean
  readonly copy: TopologyCopy
  readonly counters: InstanceCounters = {
    connectionsAccepted: 0,
    connectionsOpen: 0,
    connectionsRefused: 0,
    monitorConnections: 0,
    statements: 0,
    reads: 0,
    writes: 0,
    refused: 0,
    errors: 0,
    statementsCut: 0,
    topologyQuestions: 0,
    pings: 0,
    prepared: 0,
    bytesIn: 0,
    bytesOut: 0,
  }
  readonly statements: string[] = []
  readonly answers: AuroraAnswers
  // What faults set:
  readonly delay = new LayeredValue(0)
  readonly visibleLag = new LayeredValue(0)
  readonly reportedLag: LayeredValue<number>
  readonly connectionLimit = new LayeredValue(Number.POSITIVE_INFINITY)
  readonly denial = new LayeredValue<ServerError | undefined>(undefined)
  readonly #surroundings: InstanceSurroundings
  readonly #listener: Listener
  readonly #sessions = new Set<Session>()
  /** The accounts of all sessions that there were, by number: what a client left running when it closed its socket runs on. */
  readonly #accounts = new Map<number, string>()
  /** Accepted while hung: the client has connected and hears nothing. */
  readonly #ungreeted = new Set<Socket>()
  readonly #isRefusing = new LayeredValue(false)
  #role: Role
  #state: InstanceState = 'down'
  #isFenced = false
  #outages = 0

  constructor(settings: InstanceSettings, surroundings: InstanceSurroundings) {
    const { storage, log, table, auroraVersion, timestampZoneMinutes } = surroundings
    this.id = settings.id
    this.tier = settings.tier
    this.endpoint = settings.endpoint
    this.address = settings.address
    this.tls = settings.tls
    this.storage = storage
    this.isRecordingStatements = surroundings.isRecordingStatements
    this.reportedLag = new LayeredValue(surroundings.baseLagMs)
    this.#role = settings.role
    this.#surroundings = surroundings
    this.#listener = new Listener(settings.address, (socket) => this.accept(socket))
    this.copy = new TopologyCopy(table, (writer, members) =>
      log.record('view-refreshed', this.id, { writer, members }),
    )
    const isReadOnly = () => this.#role === 'reader'
    this.answers = {
      serverId: this.id,
      version: auroraVersion,
      get isReadOnly() {
        return isReadOnly()
      },
      hostStatusSql: () => hostStatusSql(this.copy.rows, timestampZoneMinutes),
    }
  }

  get port(): number {
    return this.#listener.port
  }

  get role(): Role {
    return this.#role
  }

  get state(): InstanceState {
    return this.#state
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  /** How often it has gone away: what brings it back from one outage leaves it in another that has struck it since. */
  get outages(): number {
    return this.#outages
  }

  get delayMs(): number {
    return this.delay.current
  }

  get visibleLagMs(): number {
    return this.visibleLag.current
  }

  get topologyError(): ServerError | undefined {
    return this.denial.current
  }

  /** What its own `replica_host_status` shows. */
  get hostStatus(): readonly HostStatusRow[] {
    return this.copy.rows
  }

  get lastWriteAtMs(): number {
    return this.#surroundings.volume.lastWriteAtMs
  }

  /** Starts to listen: at first on a given or a free port (0), later on the same one. */
  async start(port: number = this.port): Promise<void> {
    const outages = this.#outages
    await this.#listener.open(port)
    // It may have crashed while it started.
    if (outages !== this.#outages) return
    this.#isFenced = false
    this.#state = 'up'
  }

  /** Tells the cluster that it is alive, and looks at what the others have told. */
  report(): void {
    if (this.#state !== 'up') return
    this.#surroundings.table.report(this.id, this.#role, this.reportedLag.current)
    this.copy.refresh()
  }

  /** Takes a client in, by its own listener or by the listener of a name. */
  accept(socket: Socket): void {
    socket.setNoDelay(true)
    if (this.#state === 'hung') {
      this.#ungreeted.add(socket)
      socket.once('close', () => this.#ungreeted.delete(socket))
      socket.on('error', () => undefined)
      return
    }
    if (this.#state !== 'up') {
      resetSocket(socket)
      return
    }
    if (this.#sessions.size >= this.connectionLimit.current) {
      this.counters.connectionsRefused += 1
      const { errno } = tooManyConnections
      this.#surroundings.log.record('connection-refused', this.id, { errno })
      socket.on('error', () => undefined)
      socket.end(packet(errorPayload(tooManyConnections, false), 0))
      return
    }
    this.counters.connectionsAccepted += 1
    const session = new Session(socket, this)
    this.#sessions.add(session)
    this.counters.connectionsOpen = this.#sessions.size
  }

  /** The process dies: sockets are reset, connects refused, nothing that was under way goes on. */
  async crash(): Promise<void> {
    this.#outages += 1
    this.#state = 'down'
    this.#listener.close()
    for (const socket of this.#ungreeted) resetSocket(socket)
    await this.cutSessions()
  }

  /** Falls silent: nothing is read, answered or greeted. */
  hang(): void {
    if (this.#state !== 'up') return
    this.#outages += 1
    this.#state = 'hung'
    for (const session of this.#sessions) session.hold()
  }

  /**
   * Ends a silence as if nothing had been: what was held back goes out. An instance that was fenced off
   * meanwhile has nothing left to go on with and starts anew.
   */
  async unhang(): Promise<void> {
    if (this.#state !== 'hung') return
    if (this.#isFenced) {
      await this.restart()
      return
    }
    this.#state = 'up'
    for (const session of this.#sessions) session.unhold()
    for (const socket of this.#ungreeted) {
      this.#ungreeted.delete(socket)
      this.accept(socket)
    }
  }

  /** Ends at the storage what a silent instance still had under way; its clients hear nothing of it. */
  async fence(): Promise<void> {
    this.#isFenced = true
    const sessions = await this.#killSessions()
    for (const session of sessions) session.abandon()
  }

  /** Starts again, all earlier connections gone. */
  async restart(): Promise<void> {
    if (this.#state !== 'down') await this.crash()
    await this.start()
  }

  /** Resets every connection. */
  async cutSessions(): Promise<void> {
    const sessions = await this.#killSessions()
    for (const session of sessions) session.cut()
  }

  /**
   * Ends the statements under way before any session gives its locks back: else one that waits for a lock
   * would get it, and commit, because the instance dies.
   */
  async #killSessions(): Promise<readonly Session[]> {
    const sessions = [...this.#sessions]
    for (const session of sessions) session.hold()
    await Promise.all(sessions.map((session) => session.kill()))
    return sessions
  }

  /** New connections are refused, open ones live; returns how to go back. */
  async refuse(): Promise<() => Promise<void>> {
    this.#listener.close()
    const takeBack = this.#isRefusing.lay(true)
    return async () => {
      takeBack()
      const isServing = this.#state === 'up' || this.#state === 'hung'
      if (isServing && !this.#isRefusing.current) await this.#listener.open(this.port)
    }
  }

  /** Changes the role; live sessions follow, and a transaction open on a demoted instance is lost. */
  async setRole(role: Role): Promise<void> {
    if (this.#role === role) return
    this.#role = role
    const lostWith = role === 'reader' ? readOnlyError : undefined
    this.#surroundings.log.record('role-changed', this.id, { role })
    await Promise.all([...this.#sessions].map((session) => session.becomeRole(lostWith)))
  }

  /** Takes open transactions away; the next statement of each such session gets the error. */
  async abortTransactions(error: ServerError): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.abortTransaction(error)))
  }

  /** Lets live sessions take the visible lag into account at once. */
  async settleLag(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.settleLag()))
  }

  async remove(): Promise<void> {
    await this.crash()
    this.#state = 'removed'
  }

  accountOf(threadId: number): string | undefined {
    return this.#accounts.get(threadId)
  }

  onAccount({ threadId, account }: SessionReport): void {
    this.#accounts.set(threadId, account)
  }

  onOpened(session: SessionReport): void {
    if (session.purpose === 'monitor') this.counters.monitorConnections += 1
    this.#record('connection-opened', session)
  }

  onClosed(session: SessionReport, wasOpened: boolean): void {
    this.#sessions.delete(session as Session)
    this.counters.connectionsOpen = this.#sessions.size
    if (wasOpened) this.#record('connection-closed', session)
  }

  onRefused({ threadId }: SessionReport, { errno }: ServerError): void {
    this.#surroundings.log.record('statement-refused', this.id, { threadId, errno })
  }

  onTopologyAsked(session: SessionReport): void {
    this.#record('topology-asked', session)
  }

  onStatement(sql: string): void {
    if (this.statements.length >= maxRecordedStatements) this.statements.shift()
    this.statements.push(sql)
  }

  onWrite(): void {
    this.#surroundings.volume.lastWriteAtMs = performance.now()
  }

  #record(
    type: 'connection-opened' | 'connection-closed' | 'topology-asked',
    { threadId, purpose }: SessionReport,
  ): void {
    this.#surroundings.log.record(type, this.id, { threadId, purpose })
  }
}
