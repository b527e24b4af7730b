/**
 * What a host name says about itself, before anybody was asked:
 * - `cluster`, `reader`, `custom`, `instance`: Aurora's four DNS names;
 * - `proxy`, `global`, `shard-group`: names behind which the instances cannot be told apart;
 * - `other`: an IP address, an own domain, localhost, or a name that is none of the above.
 */
export type HostKind =
  | 'cluster'
  | 'reader'
  | 'custom'
  | 'instance'
  | 'proxy'
  | 'global'
  | 'shard-group'
  | 'other'

/** Where one instance, or one cluster, listens. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** A host name taken apart. */
export interface ParsedHost {
  readonly kind: HostKind
  /** The name in lower case, without a trailing dot. */
  readonly host: string
  /**
   * What follows an instance's id in its endpoint (`.abc.eu-west-1.rds.amazonaws.com`);
   * known for `cluster`, `reader`, `custom` and `instance`.
   */
  readonly instanceSuffix: string | undefined
  /** The instance that the name stands for; known for `instance`. */
  readonly instanceId: string | undefined
}

/**
 * Where the instance with this id listens. Undefined when the id is not a plain identifier:
 * ids come from the server, and a server must not be able to send us to a host of its choice.
 */
export type InstanceEndpoint = (id: string) => Endpoint | undefined

/** Domains in which AWS gives out RDS names: commercial and GovCloud, China, sovereign, isolated. */
const DOMAINS = [
  '.amazonaws.com',
  '.amazonaws.com.cn',
  '.amazonaws.eu',
  '.amazonaws.au',
  '.amazonaws.uk',
  '.c2s.ic.gov',
  '.sc2s.sgov.gov',
] as const

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const CLUSTER_LABEL = /^(?:(cluster-ro|cluster-custom|cluster|shardgrp|global|proxy)-)?([a-z0-9]+)$/
const SERVICE = /^rds(?:-fips)?$/

/** Reads a host name. Never fails: what it does not know is `other`. */
export function parseHost(host: string): ParsedHost {
  const name = host.toLowerCase().replace(/\.$/, '')
  const other: ParsedHost = {
    kind: 'other',
    host: name,
    instanceSuffix: undefined,
    instanceId: undefined,
  }
  const domain = DOMAINS.find((candidate) => name.endsWith(candidate))
  if (domain === undefined) {
    return other
  }
  const labels = name.slice(0, -domain.length).split('.')
  if (!labels.every((label) => LABEL.test(label))) {
    return other
  }
  const isProxyEndpoint = labels.length === 5 && labels[1] === 'endpoint'
  if (isProxyEndpoint) {
    labels.splice(1, 1)
  }
  const [id, clusterLabel, first, second] = labels
  if (
    labels.length !== 4 ||
    id === undefined ||
    clusterLabel === undefined ||
    first === undefined ||
    second === undefined ||
    // The region comes before the service, except in China and in the isolated regions.
    SERVICE.test(first) === SERVICE.test(second)
  ) {
    return other
  }
  const [, prefix, account] = CLUSTER_LABEL.exec(clusterLabel) ?? []
  if (account === undefined || isProxyEndpoint !== (isProxyEndpoint && prefix === 'proxy')) {
    return other
  }
  const instanceSuffix = `.${account}.${first}.${second}${domain}`
  switch (prefix) {
    case 'cluster':
      return { ...other, kind: 'cluster', instanceSuffix }
    case 'cluster-ro':
      return { ...other, kind: 'reader', instanceSuffix }
    case 'cluster-custom':
      return { ...other, kind: 'custom', instanceSuffix }
    case 'shardgrp':
      return { ...other, kind: 'shard-group' }
    case 'global':
      return { ...other, kind: 'global' }
    case 'proxy':
      return { ...other, kind: 'proxy' }
    default:
      return { ...other, kind: 'instance', instanceSuffix, instanceId: id }
  }
}

/**
 * The rule of RDS for instance identifiers: 1 to 63 letters, digits or hyphens, a letter first,
 * no hyphen last, no two hyphens in a row (RDS API reference, CreateDBInstance).
 */
export function isPlainInstanceId(id: string): boolean {
  return id.length <= 63 && /^[a-z](?:-?[a-z0-9])*$/i.test(id)
}

/** Instance endpoints of a cluster whose names end in `suffix` (see `ParsedHost.instanceSuffix`). */
export function instanceEndpointFromSuffix(suffix: string, port: number): InstanceEndpoint {
  return (id) =>
    isPlainInstanceId(id) ? { host: `${id.toLowerCase()}${suffix}`, port } : undefined
}

const PATTERN = /^([a-z0-9.-]*\?[a-z0-9.-]*)(?::([0-9]{1,5}))?$/i

/** Whether this is a host with one `?` where the instance's id goes, and perhaps a port. */
export function isInstancePattern(pattern: string): boolean {
  const [, host, port = '1'] = PATTERN.exec(pattern) ?? []
  const labels = host?.toLowerCase().replace('?', 'x').split('.') ?? ['']
  return labels.every((label) => LABEL.test(label)) && Number(port) >= 1 && Number(port) <= 65_535
}

/**
 * Instance endpoints made from a pattern such as `?.abc.eu-west-1.rds.amazonaws.com` or
 * `?.db.example:3307`; `port` counts when the pattern names none. The pattern must be one that
 * `isInstancePattern` accepts.
 */
export function instanceEndpointFromPattern(pattern: string, port: number): InstanceEndpoint {
  const [, host = pattern, ownPort] = PATTERN.exec(pattern) ?? []
  const endpointPort = ownPort === undefined ? port : Number(ownPort)
  return (id) =>
    isPlainInstanceId(id)
      ? { host: host.replace('?', id.toLowerCase()), port: endpointPort }
      : undefined
}
