/** Every delay of the simulation, in milliseconds. */
export interface Timings {
  /** How often an instance reports itself and refreshes its copy of the topology. @default 100 */
  readonly refreshMs?: number
  /** Lag that readers report, and up to a third more. @default 15 */
  readonly lagMs?: number
  /** A failover is noticed this long after the fault. @default 300 */
  readonly detectMs?: number
  /** A reader is promoted this long after the fault. @default 1000 */
  readonly promoteMs?: number
  /** The cluster's names follow a change this much later. @default 4000 */
  readonly dnsMs?: number
  /** Other instances' copies of the topology follow a promotion this much later. @default 300 */
  readonly staleMs?: number
  /** A failed writer is back, as a reader, this long after the promotion. @default 3000 */
  readonly returnMs?: number
}

/** One instance of the cluster. */
export interface InstanceOptions {
  /** @default 'instance-1', 'instance-2', … */
  readonly id?: string
  /** Promotion tier, 0 to 15; the lowest is promoted first. @default 1 */
  readonly tier?: number
  /** The address to listen on. Default: one of the cluster's own. */
  readonly address?: string
}

/** What `startCluster` takes. */
export interface ClusterOptions {
  /** How many instances, or which; the first is the writer. @default 3 */
  readonly instances?: number | readonly InstanceOptions[]
  /**
   * `mysqld`: a real server found on PATH. `embedded`: nothing to install, a subset of MySQL's SQL.
   * Default: `mysqld` when there is one.
   */
  readonly storage?: 'mysqld' | 'embedded'
  /** The user that applications log in as. @default 'app' */
  readonly user?: string
  /** @default 'app-password' */
  readonly password?: string
  /** The schema made at start. @default 'app' */
  readonly database?: string
  /** Part of all names. Default: unique among the clusters of this process. */
  readonly clusterName?: string
  /** One port for all instances. Default: a free one. */
  readonly port?: number
  /**
   * `distinct`: each instance has a loopback address of its own, all share one port (Linux).
   * `ports`: all on 127.0.0.1, each on its own port. Default: `distinct` where it works.
   */
  readonly addresses?: 'distinct' | 'ports'
  /**
   * Serve the cluster endpoint on 127.0.0.1 at `port` too, and the reader and the custom endpoint at the next two
   * where they are free: for clients that cannot be given the cluster's DNS. Each connection goes to the instance
   * that the name means just then. Always so with addresses `ports`. @default false
   */
  readonly localEndpoints?: boolean
  /** Offer TLS, with certificates made at start for the instances' and the cluster's names. @default false */
  readonly tls?: boolean
  /** What `aurora_version()` says. @default '3.10.0' */
  readonly auroraVersion?: string
  /** Distance from UTC of the zone in which `LAST_UPDATE_TIMESTAMP` is shown. @default 0 */
  readonly timestampZoneMinutes?: number
  /** Keep the texts (never the values) of statements per instance, the last thousand. @default false */
  readonly recordStatements?: boolean
  readonly timings?: Timings
}

/** Timings with nothing left open. */
export type ResolvedTimings = Required<Timings>

/** The delays of a cluster that is told nothing else: short, for tests. */
export const defaultTimings: ResolvedTimings = {
  refreshMs: 100,
  lagMs: 15,
  detectMs: 300,
  promoteMs: 1000,
  dnsMs: 4000,
  staleMs: 300,
  returnMs: 3000,
}

/** The options of a cluster, except its storage and addresses, with nothing left open. */
export interface ResolvedOptions {
  readonly instances: readonly (InstanceOptions & { readonly id: string; readonly tier: number })[]
  readonly user: string
  readonly password: string
  readonly database: string
  readonly clusterName: string
  readonly auroraVersion: string
  readonly timestampZoneMinutes: number
  readonly recordStatements: boolean
  readonly timings: ResolvedTimings
}

/** Default tier of an instance, as in Aurora. */
export const defaultTier = 1

let clusterCount = 0

/** Fills in the defaults and refuses what cannot be meant. */
export function resolveOptions(options: ClusterOptions): ResolvedOptions {
  const { instances = 3 } = options
  const list =
    typeof instances === 'number'
      ? Array.from({ length: instances }, (): InstanceOptions => ({}))
      : instances
  if (!Number.isInteger(list.length) || list.length < 1 || list.length > 16) {
    throw new TypeError(`instances: expected 1 to 16, as Aurora allows; got ${list.length}`)
  }
  const named = list.map((each, index) => ({
    ...each,
    id: checkedId(each.id ?? `instance-${index + 1}`),
    tier: each.tier ?? defaultTier,
  }))
  if (new Set(named.map((each) => each.id)).size < named.length) {
    throw new TypeError('instances: every id may be used once')
  }
  clusterCount += 1
  return {
    instances: named,
    user: options.user ?? 'app',
    password: options.password ?? 'app-password',
    database: options.database ?? 'app',
    clusterName: checkedId(options.clusterName ?? `sim${clusterCount}`, 'clusterName'),
    auroraVersion: options.auroraVersion ?? '3.10.0',
    timestampZoneMinutes: options.timestampZoneMinutes ?? 0,
    recordStatements: options.recordStatements ?? false,
    timings: { ...defaultTimings, ...definedOnly(options.timings ?? {}) },
  }
}

/** Aurora's rule for identifiers: letters, digits and hyphens, a letter first. */
export function checkedId(id: string, option = 'id'): string {
  if (/^[a-z][a-z0-9-]{0,62}$/i.test(id)) return id
  throw new TypeError(`${option}: expected a letter, then letters, digits and hyphens; got '${id}'`)
}

function definedOnly<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T
}
