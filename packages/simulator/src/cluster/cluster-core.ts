import type { TLSSocketOptions } from 'node:tls'
import type { Role } from '../session/session-host.js'
import type { Storage } from '../storage/storage.js'
import { type EndpointNames, endpointNames } from './endpoint-names.js'
import { EventLog } from './event-log.js'
import { FaultLedger } from './fault-ledger.js'
import { HostStatusTable } from './host-status-table.js'
import { Instance, type InstanceSurroundings } from './instance.js'
import { NameService } from './name-service.js'
import { checkedId, defaultTier, type ResolvedOptions } from './options.js'
import type { Places } from './places.js'
import { Schedule } from './schedule.js'

/** Makes the TLS settings of an instance from its own name. */
export type TlsIssuer = (endpoint: string) => TLSSocketOptions

/** What a new reader may be told. */
export interface AddReaderOptions {
  readonly id?: string
  readonly tier?: number
}

/** The parts of a cluster and what holds between them: one writer, names that follow, instances that come and go. */
export class ClusterCore {
  readonly options: ResolvedOptions
  readonly storage: Storage
  readonly log = new EventLog()
  readonly faults = new FaultLedger(this.log)
  readonly schedule = new Schedule()
  readonly table = new HostStatusTable()
  readonly names: EndpointNames
  readonly nameService = new NameService((name, turn) => this.instanceAt(name, turn))
  readonly instances: Instance[] = []
  /** Failovers whose promotion is still to come. */
  pendingFailovers = 0
  /** The ids of instances that are being started or deleted: nobody else can have them. */
  readonly #unsettled = new Set<string>()
  readonly #places: Places
  readonly #issueTls: TlsIssuer | undefined
  readonly #surroundings: InstanceSurroundings
  #writer: Instance | undefined
  #namedWriter: Instance | undefined
  #namedReaders: readonly Instance[] = []

  constructor(
    options: ResolvedOptions,
    storage: Storage,
    places: Places,
    issueTls: TlsIssuer | undefined,
  ) {
    this.options = options
    this.storage = storage
    this.#places = places
    this.#issueTls = issueTls
    this.names = endpointNames(options.clusterName)
    this.#surroundings = {
      storage,
      log: this.log,
      table: this.table,
      auroraVersion: options.auroraVersion,
      timestampZoneMinutes: options.timestampZoneMinutes,
      isRecordingStatements: options.recordStatements,
      baseLagMs: options.timings.lagMs,
      volume: { lastWriteAtMs: Number.NEGATIVE_INFINITY },
    }
  }

  get writer(): Instance {
    return this.#writer as Instance
  }

  get readers(): readonly Instance[] {
    return this.instances.filter((each) => each.role === 'reader')
  }

  instance(id: string): Instance {
    const found = this.instances.find((each) => each.id === id)
    if (found) return found
    const known = this.instances.map((each) => each.id).join(', ')
    throw new TypeError(`instance: expected one of ${known}; got '${id}'`)
  }

  /** Counts a write that came past every instance. */
  noteWrite(): void {
    this.#surroundings.volume.lastWriteAtMs = performance.now()
  }

  /** Makes and starts one more instance. */
  async add(role: Role, settings: AddReaderOptions & { address?: string } = {}): Promise<Instance> {
    const id = checkedId(settings.id ?? this.#freeId())
    if (this.#isTaken(id)) throw new TypeError(`id: '${id}' is taken`)
    this.#unsettled.add(id)
    try {
      return await this.#start(id, role, settings)
    } finally {
      this.#unsettled.delete(id)
    }
  }

  async #start(
    id: string,
    role: Role,
    settings: { readonly tier?: number; readonly address?: string },
  ): Promise<Instance> {
    const endpoint = this.names.instance(id)
    const instance = new Instance(
      {
        id,
        tier: settings.tier ?? defaultTier,
        endpoint,
        address: settings.address ?? this.#places.addressOf(id),
        role,
        tls: this.#issueTls?.(endpoint),
      },
      this.#surroundings,
    )
    await instance.start(this.#places.portOf(id))
    this.#places.settle(instance.port)
    this.instances.push(instance)
    if (role === 'writer') this.#writer = instance
    this.#beginReports(instance)
    return instance
  }

  /** Deletes an instance: it ends its connections and leaves the table; the names follow. */
  async remove(instance: Instance): Promise<void> {
    if (instance === this.writer) throw new TypeError('instance: the writer cannot be removed')
    const place = this.instances.indexOf(instance)
    if (place < 0) return
    this.instances.splice(place, 1)
    this.#unsettled.add(instance.id)
    await instance.remove()
    this.#unsettled.delete(instance.id)
    this.#places.release(instance.address)
    this.table.remove(instance.id)
    this.log.record('instance-removed', instance.id, {})
    this.publishNamesLater()
  }

  /** The reader to promote: the one wished for, else the lowest tier, else the first. */
  nextWriter(wished?: string): Instance | undefined {
    const candidates = this.instances.filter((each) => each !== this.#writer && each.state === 'up')
    const named = candidates.find((each) => each.id === wished)
    return named ?? candidates.toSorted((a, b) => a.tier - b.tier)[0]
  }

  /** Makes an instance the writer; the former one only reads from here on. */
  async setWriter(next: Instance): Promise<void> {
    const former = this.writer
    this.#writer = next
    if (former !== next) await former.setRole('reader')
    // Another one may have been promoted meanwhile.
    if (this.#writer !== next) return
    const settled = next.setRole('writer')
    next.report()
    this.log.record('promoted', next.id, { from: former.id })
    await settled
  }

  // Names

  /** The instance that a name stands for now; a name of several gives them in turn. */
  instanceAt(name: string, turn: number): Instance | undefined {
    const { names } = this
    const rotate = (choice: readonly Instance[]) => choice[turn % choice.length]
    if (name === names.writer) return this.#namedWriter
    if (name === names.reader) return rotate(this.#namedReaders) ?? this.#namedWriter
    if (name === names.custom) return rotate(this.instances)
    return this.instances.find((each) => each.endpoint === name)
  }

  publishNames(): void {
    const readers = this.readers.filter((each) => each.state === 'up')
    const isSame =
      this.#namedWriter === this.#writer &&
      readers.length === this.#namedReaders.length &&
      readers.every((each) => this.#namedReaders.includes(each))
    if (isSame) return
    this.#namedWriter = this.#writer
    this.#namedReaders = readers
    const ids = readers.map((each) => each.id)
    this.log.record('dns-updated', this.writer.id, { readers: ids })
  }

  publishNamesLater(delayMs: number = this.options.timings.dnsMs): void {
    this.schedule.after(delayMs, () => this.publishNames())
  }

  async close(): Promise<void> {
    this.schedule.stop()
    await Promise.all(this.instances.map((each) => each.crash()))
    await this.storage.close()
    this.log.record('closed', undefined, {})
    this.log.close()
  }

  #beginReports(instance: Instance): void {
    instance.report()
    const { refreshMs } = this.options.timings
    // Instances do not report in step.
    this.schedule.after(refreshMs * Math.random(), () =>
      this.schedule.every(refreshMs, () => instance.report()),
    )
  }

  #freeId(): string {
    let number = this.instances.length + 1
    while (this.#isTaken(`instance-${number}`)) number += 1
    return `instance-${number}`
  }

  #isTaken(id: string): boolean {
    return this.#unsettled.has(id) || this.instances.some((each) => each.id === id)
  }
}
