import type { ClusterEvent } from '../../cluster/cluster-event.js'
import type { ClusterState } from '../../control/cluster-state.js'
import { RateHistory } from './rate-history.js'

/** How the page hears of the cluster: `lost` means that it tries again by itself. */
export type LinkState = 'connecting' | 'live' | 'lost'

/** All that the page shows, as one value. */
export interface View {
  readonly link: LinkState
  readonly state: ClusterState | undefined
  /** Oldest first, without the coming and going of connections. */
  readonly events: readonly ClusterEvent[]
  readonly rates: RateHistory
}

/** Entries kept of the log; older ones leave the time line. */
const maxEvents = 2000

/** By itself an event source waits for seconds, and gives up once it was refused. */
const reopenAfterMs = 500

const connectionEvents: readonly string[] = [
  'connection-opened',
  'connection-closed',
  'topology-asked',
]

/** Follows a cluster by server-sent events and hands every new view to one listener. */
export class LiveCluster {
  readonly #onView: (view: View) => void
  #view: View = { link: 'connecting', state: undefined, events: [], rates: new RateHistory() }

  constructor(onView: (view: View) => void) {
    this.#onView = onView
  }

  get view(): View {
    return this.#view
  }

  /** Connects, and again whenever the simulator has gone away. */
  open(): void {
    const source = new EventSource('events')
    source.addEventListener('open', () => {
      // The whole log follows, from the start.
      this.#show({ link: 'live', events: [], rates: new RateHistory() })
    })
    source.addEventListener('log', ({ data }) => this.#note(JSON.parse(data)))
    source.addEventListener('state', ({ data }) => {
      const state: ClusterState = JSON.parse(data)
      this.#view.rates.add(state)
      this.#show({ state })
    })
    source.addEventListener('error', () => {
      source.close()
      this.#show({ link: 'lost' })
      setTimeout(() => this.open(), reopenAfterMs)
    })
  }

  #note(event: ClusterEvent): void {
    if (connectionEvents.includes(event.type)) return
    // Shown with the next state: a log of thousands of entries comes as one burst.
    const events = [...this.#view.events, event].slice(-maxEvents)
    this.#view = { ...this.#view, events }
  }

  #show(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change }
    this.#onView(this.#view)
  }
}
