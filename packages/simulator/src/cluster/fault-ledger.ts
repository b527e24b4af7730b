import type { EventLog } from './event-log.js'
import type { Fault, FaultType } from './fault.js'

/** A fault in force. */
export interface ActiveFault {
  /** Its type and a number, unique in its cluster: `lag-2`. */
  readonly id: string
  readonly type: FaultType
  /** The instance that it strikes; none: the whole cluster. */
  readonly instance?: string
  /** As it was injected. */
  readonly fault: Fault
  /** When it was injected, on the log's clock. */
  readonly sinceMs: number
}

/** Undoes a fault; doing so twice, or when it has ended by itself, does nothing. */
export interface Heal {
  (): Promise<void>
  /** The fault's id. */
  readonly id: string
}

/** What brings a fault into force: resolves with how to undo it, and says when it has ended by itself. */
export type FaultStarter = (hasEnded: () => void) => Promise<() => Promise<void>>

interface Entry {
  readonly fault: ActiveFault
  readonly heal: Heal
}

/** The faults of a cluster that are in force, oldest first. */
export class FaultLedger {
  readonly #log: EventLog
  readonly #entries = new Map<string, Entry>()
  #count = 0

  constructor(log: EventLog) {
    this.#log = log
    // However an instance came back: its outages are over.
    log.on((event) => {
      if (event.type === 'instance-up') this.#endOutages(event.instance)
      if (event.type === 'instance-removed') this.#forget(event.instance)
      if (event.type === 'instance-added') this.#endRemoval(event.instance)
    })
  }

  get active(): readonly ActiveFault[] {
    return [...this.#entries.values()].map((entry) => entry.fault)
  }

  /** Undoes a fault by its id; false when there is none in force under it. */
  async heal(id: string): Promise<boolean> {
    const entry = this.#entries.get(id)
    if (!entry) return false
    await entry.heal()
    return true
  }

  /** Starts a fault and keeps it until it ends; resolves when it is in force. */
  async start(fault: Fault, instance: string | undefined, start: FaultStarter): Promise<Heal> {
    this.#count += 1
    const id = `${fault.type}-${this.#count}`
    const { type } = fault
    const about = instance === undefined ? {} : { instance }
    const active: ActiveFault = { id, type, ...about, fault, sinceMs: this.#log.nowMs }
    this.#log.record('fault-injected', instance, { fault: type, id })
    const undo = this.#begin(start, id)
    let healing: Promise<void> | undefined
    const healOnce = async () => {
      await (await undo)()
      this.#end(id)
    }
    const heal = async () => {
      if (!this.#entries.has(id)) return
      healing ??= healOnce().finally(() => {
        healing = undefined
      })
      await healing
    }
    const healable: Heal = Object.assign(heal, { id })
    this.#entries.set(id, { fault: active, heal: healable })
    await undo
    return healable
  }

  async #begin(start: FaultStarter, id: string): Promise<() => Promise<void>> {
    let isInForce = false
    // Nobody could undo a fault that ends while it begins, so its end tells nothing.
    const hasEnded = () => (isInForce ? this.#end(id) : void this.#entries.delete(id))
    // It is entered first.
    await Promise.resolve()
    try {
      const undo = await start(hasEnded)
      isInForce = true
      return undo
    } catch (error) {
      this.#entries.delete(id)
      throw error
    }
  }

  #end(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    this.#entries.delete(id)
    this.#log.record('fault-healed', entry.fault.instance, { fault: entry.fault.type, id })
  }

  #endOutages(instance: string | undefined): void {
    for (const { fault } of this.#entries.values()) {
      const isOutage = fault.type === 'crash' || fault.type === 'hang'
      if (isOutage && fault.instance === instance) this.#end(fault.id)
    }
  }

  /** However a deleted reader was made again. */
  #endRemoval(instance: string | undefined): void {
    for (const { fault } of this.#entries.values()) {
      if (fault.type === 'reader-removed' && fault.instance === instance) this.#end(fault.id)
    }
  }

  /** Nothing of a deleted instance can be undone, except its deletion. */
  #forget(instance: string | undefined): void {
    for (const { fault } of this.#entries.values()) {
      if (fault.instance !== instance || fault.type === 'reader-removed') continue
      if (fault.type !== 'failover') this.#end(fault.id)
    }
  }
}
