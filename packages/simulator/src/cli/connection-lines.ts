import type { Cluster, ClusterInstance } from '../cluster/cluster.js'

/** A line that connects a client of some kind. */
export interface ConnectionLine {
  readonly client: string
  readonly line: string
}

/** Ready-made lines for the clients that people have at hand; they hold the simulator's own password. */
export function connectionLines(cluster: Cluster): readonly ConnectionLine[] {
  const { user, password, database } = cluster.connection
  const host = cluster.localPorts ? '127.0.0.1' : cluster.writer.address
  const port = cluster.localPorts?.writer ?? cluster.port
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
  const url = `mysql://${login}@${host}:${port}/${database}`
  const map = instanceEndpointCode(cluster)
  return [
    {
      client: 'mysql',
      line: `mysql -h ${host} -P ${port} -u ${shellWord(user)} ${shellWord(`-p${password}`)} ${database}`,
    },
    { client: 'mysql2', line: `createPool(${quoted(url)})` },
    {
      client: 'aurora-mysql2',
      line: `createAuroraPool({ uri: ${quoted(url)}, aurora: { instanceEndpoint: ${map} } })`,
    },
  ]
}

/** How a client finds an instance by its id; also one that is added later, where the place follows from the number. */
function instanceEndpointCode({ instances }: Cluster): string {
  const [first] = instances
  const block = first?.address.replace(/\.\d+$/, '')
  const base = (first?.port ?? 0) - 1
  const numbered = instances.map((each) => ({ ...placeOf(each), number: numberOf(each) }))
  if (numbered.every(({ address, number }) => address === `${block}.${number}`)) {
    return `(id) => ({ host: id.replace('instance-', '${block}.'), port: ${first?.port} })`
  }
  if (numbered.every(({ port, number }) => port === base + number)) {
    return `(id) => ({ host: '${first?.address}', port: ${base} + Number(id.replace('instance-', '')) })`
  }
  const places = instances.map((each) => {
    const { address, port } = placeOf(each)
    return `${quoted(each.id)}: { host: ${quoted(address)}, port: ${port} }`
  })
  return `(id) => ({ ${places.join(', ')} })[id]`
}

function placeOf({ address, port }: ClusterInstance) {
  return { address, port }
}

/** 7, of `instance-7`; else none. */
function numberOf({ id }: ClusterInstance): number {
  return Number(/^instance-(\d+)$/.exec(id)?.[1])
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
