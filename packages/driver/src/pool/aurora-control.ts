import type { DrainOptions, SessionOptions } from '../contract/control-options.js'
import type { AuroraEventMap, AuroraEventName } from '../contract/events.js'
import type { Topology } from '../model/topology.js'
import type { ClusterStats } from './cluster-stats.js'

/** `pool.aurora`: everything that mysql2's pool has no name for. */
export interface AuroraControl {
  /** Listens to an event. Events are listed with `AuroraEventMap`; `error` is not among them. */
  on<N extends AuroraEventName>(name: N, listener: (payload: AuroraEventMap[N]) => void): this
  once<N extends AuroraEventName>(name: N, listener: (payload: AuroraEventMap[N]) => void): this
  off<N extends AuroraEventName>(name: N, listener: (payload: AuroraEventMap[N]) => void): this

  /**
   * The current belief about the cluster: a frozen value, replaced with each change. Undefined until an instance has answered, and
   * where there is nothing to discover.
   */
  readonly topology: Topology | undefined

  /** Figures of this moment, computed when asked. */
  stats(): ClusterStats

  /** Asks for the topology now; resolves when it is in force. Rejects with the error of the question. */
  refresh(): Promise<void>

  /**
   * Resolves once an instance has confirmed itself as the writer, or it is known that there is none to look for (a plain server, one
   * endpoint). For readiness probes. Rejects when the pool is ended meanwhile, and with `ERR_AURORA_NO_WRITER` after `failoverTimeoutMs`.
   */
  ready(): Promise<void>

  /**
   * Runs `work` as one request: it sees what it has written, and its reads do not go back in time. With `after` it also sees what
   * whoever made that mark had seen.
   *
   * @throws AuroraError `ERR_AURORA_OPTION` when `after` is no mark, or an option is unknown
   */
  session<T>(work: () => T, options?: SessionOptions): T

  /**
   * What has been seen so far, as an opaque text: to carry it over a redirect, in a cookie, or through a queue to another process,
   * and give it to `session(fn, { after })` there. Hosts whose clocks differ by more than a second may miss what came last.
   */
  mark(): string

  /**
   * Takes no new work, lets what runs end, then ends the pool: for SIGTERM. After `timeoutMs` what still runs is cut.
   * Sessions that are out count as running; statements on them are still taken.
   *
   * @throws AuroraError `ERR_AURORA_OPTION`
   */
  drain(options?: DrainOptions): Promise<void>
}
