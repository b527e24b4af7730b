import type {
  ClusterEvent,
  ClusterEventDetails,
  ClusterEventOf,
  ClusterEventType,
} from './cluster-event.js'

/** Entries kept; beyond this the oldest tenth is dropped. */
const maxEntries = 100_000

/** How long `until` waits when nobody says otherwise. */
const defaultUntilMs = 30_000

/** Tells whether an entry is the one waited for. */
export type ClusterEventPredicate = (event: ClusterEvent) => boolean

/** What happened in a cluster, in order, on one monotonic clock. */
export class EventLog {
  readonly #startedAtMs = performance.now()
  readonly #entries: ClusterEvent[] = []
  readonly #waits = new Set<(why: string) => void>()
  readonly #listeners = new Set<(event: ClusterEvent) => void>()

  get entries(): readonly ClusterEvent[] {
    return this.#entries
  }

  /** Milliseconds since the cluster's start. */
  get nowMs(): number {
    return performance.now() - this.#startedAtMs
  }

  record<Type extends ClusterEventType>(
    type: Type,
    instance: string | undefined,
    details: ClusterEventDetails[Type],
  ): void {
    const about = instance === undefined ? {} : { instance }
    const event = { type, atMs: this.nowMs, ...about, ...details } as ClusterEventOf<Type>
    if (this.#entries.length >= maxEntries) this.#entries.splice(0, maxEntries / 10)
    this.#entries.push(event)
    for (const listener of this.#listeners) listener(event)
  }

  /** Hands every later entry to the listener; returns how to stop. */
  on(listener: (event: ClusterEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Resolves with the first entry from now on that fits. */
  until(
    wanted: ClusterEventType | ClusterEventPredicate,
    timeoutMs: number = defaultUntilMs,
  ): Promise<ClusterEvent> {
    const fits =
      typeof wanted === 'string' ? (event: ClusterEvent) => event.type === wanted : wanted
    const wait = new Promise<ClusterEvent>((resolve, reject) => {
      const end = () => {
        off()
        clearTimeout(timer)
        this.#waits.delete(giveUp)
      }
      const giveUp = (why: string) => {
        end()
        const name = typeof wanted === 'string' ? `'${wanted}'` : 'one that fits the predicate'
        const last = this.#entries.slice(-5).map((event) => event.type)
        reject(new Error(`No event ${name} ${why}; the last ones: ${last.join(', ')}`))
      }
      const timer = setTimeout(() => giveUp(`within timeoutMs (${timeoutMs})`), timeoutMs)
      const off = this.on((event) => {
        if (!fits(event)) return
        end()
        resolve(event)
      })
      this.#waits.add(giveUp)
    })
    // Nobody need be listening when a wait is given up.
    wait.catch(() => undefined)
    return wait
  }

  /** Gives up every wait: nothing more will be logged. */
  close(): void {
    for (const giveUp of this.#waits) giveUp('before the cluster was closed')
  }
}
