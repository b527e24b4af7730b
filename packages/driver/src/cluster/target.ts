import type { ConnectionConfig } from '../contract/mysql2.js'
import type { ResolvedOptions } from '../contract/options.js'
import {
  type Endpoint,
  type HostKind,
  type InstanceEndpoint,
  instanceEndpointFromPattern,
  instanceEndpointFromSuffix,
  isPlainInstanceId,
  parseHost,
} from '../model/endpoint.js'

/** What the host given means. The set that it names is never left, and the name decides before any answer does. */
export interface Target {
  readonly given: Endpoint
  readonly kind: HostKind
  /**
   * `cluster`: all instances, writes to the writer. `readers`: readers only. `single`: that endpoint alone; what is behind it is
   * not visible in SQL (custom endpoint, proxy, global, shard group), or it was named because it alone is meant (instance).
   */
  readonly scope: 'cluster' | 'readers' | 'single'
  readonly instanceEndpoint: InstanceEndpoint | undefined
}

export function targetOf(config: ConnectionConfig, options: ResolvedOptions): Target {
  const given: Endpoint = { host: config.host, port: config.port }
  if (config.socketPath !== undefined)
    return { given, kind: 'other', scope: 'single', instanceEndpoint: undefined }
  const parsed = parseHost(config.host)
  const derived =
    parsed.instanceSuffix === undefined
      ? undefined
      : instanceEndpointFromSuffix(parsed.instanceSuffix, config.port)
  const instanceEndpoint = chosenEndpoint(options.instanceEndpoint, config.port) ?? derived
  return { given, kind: parsed.kind, scope: scopeOf(parsed.kind, options), instanceEndpoint }
}

function scopeOf(kind: HostKind, options: ResolvedOptions): Target['scope'] {
  switch (kind) {
    case 'cluster':
      return 'cluster'
    case 'reader':
      return 'readers'
    case 'instance':
      return options.discover ? 'cluster' : 'single'
    case 'other':
      return options.instanceEndpoint === undefined ? 'single' : 'cluster'
    case 'custom':
    case 'proxy':
    case 'global':
    case 'shard-group':
      return 'single'
    default: {
      const unknown: never = kind
      return unknown
    }
  }
}

function chosenEndpoint(
  option: ResolvedOptions['instanceEndpoint'],
  port: number,
): InstanceEndpoint | undefined {
  if (option === undefined) return undefined
  if (typeof option === 'string') return instanceEndpointFromPattern(option, port)
  return (id) => (isPlainInstanceId(id) ? endpointBy(option, id) : undefined)
}

/** What the application's function says, if that is an endpoint: an instance that has none is left out. */
function endpointBy(option: InstanceEndpoint, id: string): Endpoint | undefined {
  try {
    const { host, port } = option(id) ?? {}
    return typeof host === 'string' && typeof port === 'number' ? { host, port } : undefined
  } catch {
    return undefined
  }
}
