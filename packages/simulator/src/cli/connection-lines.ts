import type { Cluster } from '../cluster/cluster.js'

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

/** How a client finds an instance by its id. */
function instanceEndpointCode({ instances }: Cluster): string {
  const block = instances[0]?.address.replace(/\.\d+$/, '')
  const port = instances[0]?.port
  const isNumbered = instances.every(({ id, address }) => {
    const [, number] = /^instance-(\d+)$/.exec(id) ?? []
    return number !== undefined && address === `${block}.${number}`
  })
  if (isNumbered) return `(id) => ({ host: id.replace('instance-', '${block}.'), port: ${port} })`
  const places = instances.map(({ id, address, port: own }) => {
    return `${quoted(id)}: { host: ${quoted(address)}, port: ${own} }`
  })
  return `(id) => ({ ${places.join(', ')} })[id]`
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
