import type { Lease } from '../cluster/instance-pool.js'
import type { Runner, Work } from '../cluster/work.js'
import type { CoreConnection } from '../contract/mysql2.js'
import { classifyError } from '../policy/classify-error.js'

/** Tells that a connection was taken for a statement of `pool.query()` or `pool.execute()`, or was given back by it. */
type Tell = (event: 'acquire' | 'release', core: CoreConnection) => void

/**
 * What `pool.query()` and `pool.execute()` run on while somebody listens to `acquire` or `release`: the cluster, and mysql2's two
 * events around each attempt. Whoever listens gets the physical connection, since there is no session.
 */
export class TellingRunner implements Runner {
  readonly #cluster: Runner
  readonly #tell: Tell

  constructor(cluster: Runner, tell: Tell) {
    this.#cluster = cluster
    this.#tell = tell
  }

  begin(work: Work, lease: Lease): void {
    // What a listener sends comes first, as in mysql2.
    if (!lease.isDead) this.#tell('acquire', lease.core)
    this.#cluster.begin(work, lease)
  }

  refused(work: Work, error: unknown): void {
    this.#cluster.refused(work, error)
  }

  succeeded(work: Work): void {
    if (work.lease !== undefined) this.#tell('release', work.lease.core)
    this.#cluster.succeeded(work)
  }

  failed(work: Work, error: Error): void {
    const { lease } = work
    if (lease !== undefined && !lease.isDead) this.#tellFailed(work, lease, error)
    this.#cluster.failed(work, error)
  }

  #tellFailed(work: Work, lease: Lease, error: Error): void {
    const kind = classifyError(error)
    switch (kind) {
      case 'lost':
      case 'stopping':
      case 'unusable':
      case 'refused':
        // Closed, not given back.
        return
      case 'timeout':
        // Kept until the reply has come after all.
        return work.whenReplied(() => this.#tell('release', lease.core))
      case 'restarted':
      case 'rolled-back':
      case 'stale-handle':
      case 'overloaded':
      case 'denied':
      case 'ordinary':
        return this.#tell('release', lease.core)
      default: {
        const unknown: never = kind
        return unknown
      }
    }
  }
}
