import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { InstanceCounters, Role } from '../session/session-host.js'
import type { HostStatusRow } from '../sql/host-status-sql.js'
import type { ClusterCore } from './cluster-core.js'
import type { ClusterEvent, ClusterEventOf, ClusterEventType } from './cluster-event.js'
import type { ClusterEventPredicate } from './event-log.js'
import type { FailoverFault, Fault } from './fault.js'
import type { ActiveFault, Heal } from './fault-ledger.js'
import { addReader, injectFault } from './inject-fault.js'
import type { InstanceState } from './instance.js'
import type { EndpointPorts, NameListeners } from './name-listeners.js'
import type { Lookup, NameAnswer } from './name-service.js'
import type { ResolvedTimings } from './options.js'

/** One instance, as seen from outside. All fields are live. */
export interface ClusterInstance {
  readonly id: string
  readonly tier: number
  /** Its DNS name; known to `cluster.lookup` only. */
  readonly endpoint: string
  readonly address: string
  readonly port: number
  readonly role: Role
  readonly state: InstanceState
  readonly counters: Readonly<InstanceCounters>
  /** The rows of its own copy of `replica_host_status`. */
  readonly hostStatus: readonly HostStatusRow[]
  /** The last thousand SQL texts, when `recordStatements` is on. */
  readonly statements: readonly string[]
}

/** Where a server listens. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** What plain mysql2 needs to connect: spread it into `createPool` or `createConnection`. */
export interface PlainConnectionOptions extends Target {
  readonly user: string
  readonly password: string
  readonly database: string
  /** Opens the socket, so that names are looked up in the cluster's own DNS. */
  readonly stream: (options: { readonly config: { host?: string; port?: number } }) => Socket
}

/** What `createAuroraPool` of `aurora-mysql2` needs: spread it into its options. */
export interface AuroraConnectionOptions extends Target {
  readonly user: string
  readonly password: string
  readonly database: string
  readonly aurora: {
    readonly lookup: Lookup
    /** Only where instances differ by port. */
    readonly instanceEndpoint?: (id: string) => Target
  }
}

/** What `crash` and `hang` may be told. */
export interface OutageOptions {
  /** The instance comes back by itself after this time. Default: it does not. */
  readonly returnAfterMs?: number
}

/** What a name of the cluster means at the moment. */
export interface NameRecord {
  readonly name: string
  /** The instance that it leads to, and where; none while the cluster's DNS is down. */
  readonly instance?: string
  readonly address?: string
}

/** What was opened around a cluster's instances. */
export interface ClusterSurroundings {
  readonly listeners: NameListeners | undefined
  readonly hasDistinctAddresses: boolean
  /** PEM. */
  readonly ca: string | undefined
}

/** A simulated Aurora MySQL cluster. */
export class Cluster {
  readonly #core: ClusterCore
  readonly #surroundings: ClusterSurroundings
  #closing: Promise<void> | undefined

  /** Made by `startCluster`. */
  constructor(core: ClusterCore, surroundings: ClusterSurroundings) {
    this.#core = core
    this.#surroundings = surroundings
  }

  /** Part of all its names. */
  get name(): string {
    return this.#core.options.clusterName
  }

  get writerEndpoint(): string {
    return this.#core.names.writer
  }

  get readerEndpoint(): string {
    return this.#core.names.reader
  }

  /** A custom endpoint with every instance behind it. */
  get customEndpoint(): string {
    return this.#core.names.custom
  }

  /** The port of the cluster endpoint (and, where instances have addresses of their own, of all). */
  get port(): number {
    return this.endpointPorts.writer
  }

  /** The ports of the shared names: the same one, unless instances differ by port. */
  get endpointPorts(): EndpointPorts {
    const { port } = this.#core.writer
    const { listeners, hasDistinctAddresses } = this.#surroundings
    const ports = hasDistinctAddresses ? undefined : listeners?.ports
    return ports ?? { writer: port, reader: port, custom: port }
  }

  /** The ports of 127.0.0.1 at which the shared names are served; see the option `localEndpoints`. */
  get localPorts(): EndpointPorts | undefined {
    return this.#surroundings.listeners?.ports
  }

  /** What each name means at the moment; asking here counts as no look-up. */
  get names(): readonly NameRecord[] {
    const { names, instances, nameService } = this.#core
    const shared = [names.writer, names.reader, names.custom]
    return [...shared, ...instances.map((each) => each.endpoint)].map((name) => {
      const answer = nameService.peek(name)
      if (typeof answer === 'string') return { name }
      return { name, instance: answer.id, address: answer.address }
    })
  }

  /** The storage that the cluster runs on. */
  get storage(): 'mysqld' | 'embedded' {
    return this.#core.storage.kind
  }

  /** Every delay of the simulation. */
  get timings(): ResolvedTimings {
    return this.#core.options.timings
  }

  /** The certificate (PEM) that signed the instances' certificates, with `tls: true`. */
  get ca(): string | undefined {
    return this.#surroundings.ca
  }

  get connection(): AuroraConnectionOptions {
    const { lookup } = this
    const instanceEndpoint = (id: string) => {
      const { endpoint, port } = this.instance(id)
      return { host: endpoint, port }
    }
    const { hasDistinctAddresses } = this.#surroundings
    const aurora = hasDistinctAddresses ? { lookup } : { lookup, instanceEndpoint }
    return { ...this.#login, host: this.writerEndpoint, port: this.port, aurora }
  }

  get plainConnection(): PlainConnectionOptions {
    const { lookup } = this
    return {
      ...this.#login,
      host: this.writerEndpoint,
      port: this.port,
      stream: ({ config }) => {
        const host = config.host ?? this.writerEndpoint
        return connect({ host, port: config.port ?? this.port, lookup, noDelay: true })
      },
    }
  }

  /** The cluster's DNS, shaped like `dns.lookup`. */
  get lookup(): Lookup {
    return this.#core.nameService.lookup
  }

  /** How often each name was looked up. */
  get lookups(): ReadonlyMap<string, number> {
    return this.#core.nameService.lookups
  }

  /** Answers as the cluster's DNS would, and counts the look-up. */
  resolve(name: string): NameAnswer {
    return this.#core.nameService.resolve(name)
  }

  /** Answers as the next look-up would be, and counts nothing. */
  peek(name: string): NameAnswer {
    return this.#core.nameService.peek(name)
  }

  get instances(): readonly ClusterInstance[] {
    return this.#core.instances
  }

  /** The instance that is, or was last, the writer. */
  get writer(): ClusterInstance {
    return this.#core.writer
  }

  get readers(): readonly ClusterInstance[] {
    return this.#core.readers
  }

  /** What happened, oldest first. */
  get log(): readonly ClusterEvent[] {
    return this.#core.log.entries
  }

  /** Milliseconds since the start, on the log's clock. */
  get nowMs(): number {
    return this.#core.log.nowMs
  }

  instance(id: string): ClusterInstance {
    return this.#core.instance(id)
  }

  /** Runs SQL on the volume as administrator, past every instance and every fault. */
  async query(
    sql: string,
    values?: readonly unknown[],
  ): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const rows = await this.#core.storage.query(sql, values)
    this.#core.noteWrite()
    return rows
  }

  /** Brings a fault into force; the function it resolves with heals it. A failover resolves when promoted. */
  inject(fault: Fault): Promise<Heal> {
    return injectFault(this.#core, fault)
  }

  /** The faults in force, oldest first: not those of a moment, and none that has ended by itself. */
  get faults(): readonly ActiveFault[] {
    return this.#core.faults.active
  }

  /** Undoes the fault listed under this id; resolves with false when there is none. */
  heal(id: string): Promise<boolean> {
    return this.#core.faults.heal(id)
  }

  /** The writer fails and a reader takes over; resolves when that is promoted, the rest follows by itself. */
  async failover(options: Omit<FailoverFault, 'type'> = {}): Promise<void> {
    await this.inject({ type: 'failover', ...options })
  }

  /** Kills an instance. */
  async crash(instance: string, options: OutageOptions = {}): Promise<void> {
    await this.inject({ type: 'crash', instance, ...options })
  }

  /** Makes an instance fall silent. */
  async hang(instance: string, options: OutageOptions = {}): Promise<void> {
    await this.inject({ type: 'hang', instance, ...options })
  }

  /** Swaps the roles of the writer and a reader under living connections. */
  async demote(options: { readonly to?: string } = {}): Promise<void> {
    await this.inject({ type: 'demote-in-place', ...options })
  }

  /** Restarts an instance with its role: connections are reset, it serves again at once. */
  async restart(id: string): Promise<void> {
    const instance = this.#core.instance(id)
    this.#core.log.record('instance-down', id, { how: 'restart' })
    await instance.restart()
    if (!instance.isUp) return
    instance.report()
    this.#core.log.record('instance-up', id, { role: instance.role })
  }

  /** Adds a reader; it serves when this resolves, the names learn of it later. */
  addReader(
    options: { readonly id?: string; readonly tier?: number } = {},
  ): Promise<ClusterInstance> {
    return addReader(this.#core, options)
  }

  /** Deletes a reader. */
  async removeReader(id: string): Promise<void> {
    await this.#core.remove(this.#core.instance(id))
  }

  /** Hands every later log entry to the listener; returns how to stop. */
  on(listener: (event: ClusterEvent) => void): () => void {
    return this.#core.log.on(listener)
  }

  /** Resolves with the first entry logged from now on that has this type, or fits; rejects after `timeoutMs` (30 000). */
  until<Type extends ClusterEventType>(
    type: Type,
    options?: { readonly timeoutMs?: number },
  ): Promise<ClusterEventOf<Type>>
  until(
    predicate: ClusterEventPredicate,
    options?: { readonly timeoutMs?: number },
  ): Promise<ClusterEvent>
  until(
    wanted: ClusterEventType | ClusterEventPredicate,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<ClusterEvent> {
    return this.#core.log.until(wanted, options.timeoutMs)
  }

  /** Ends everything; nothing is left behind. */
  close(): Promise<void> {
    this.#surroundings.listeners?.close()
    this.#closing ??= this.#core.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #login() {
    const { user, password, database } = this.#core.options
    return { user, password, database }
  }
}
