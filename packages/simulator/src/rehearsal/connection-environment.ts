/// <reference path="../page/text-modules.d.ts" />
import type { Cluster } from '../cluster/cluster.js'
import { nameZones } from '../cluster/endpoint-names.js'
import type { NameServer } from '../names/name-server.js'
import namesPreload from './names-preload.ts?program'

/**
 * How a command is told where the cluster is. `names`: Aurora's own, which programs of Node.js can look up while they run
 * under the rehearsal. `addresses`: 127.0.0.1 and a port that leads where the cluster endpoint does, for any program.
 */
export type ConnectionHosts = 'names' | 'addresses'

/** The environment variables that tell a command how to connect, and a Node process whom to ask for names. */
export function connectionEnvironment(
  cluster: Cluster,
  nameServer: NameServer | undefined,
): Readonly<Record<string, string>> {
  const { user, password, database } = cluster.connection
  const local = nameServer ? undefined : cluster.localPorts
  const host = local ? '127.0.0.1' : cluster.writerEndpoint
  const readerHost = local ? '127.0.0.1' : cluster.readerEndpoint
  const { writer: port, reader: readerPort } = local ?? cluster.endpointPorts
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
  const url = (name: string, at: number) =>
    `mysql://${login}@${name}:${at}/${encodeURIComponent(database)}`
  return {
    MYSQL_HOST: host,
    MYSQL_PORT: String(port),
    MYSQL_USER: user,
    MYSQL_PASSWORD: password,
    MYSQL_DATABASE: database,
    DATABASE_URL: url(host, port),
    MYSQL_READER_HOST: readerHost,
    MYSQL_READER_PORT: String(readerPort),
    DATABASE_READER_URL: url(readerHost, readerPort),
    ...(nameServer ? namesOf(nameServer) : {}),
  }
}

function namesOf({ host, port }: NameServer) {
  const preload = `--import=data:text/javascript;base64,${Buffer.from(namesPreload).toString('base64')}`
  return {
    AURORA_SIMULATOR_ZONES: nameZones.join(' '),
    AURORA_SIMULATOR_DNS: `${host}:${port}`,
    NODE_OPTIONS: [process.env.NODE_OPTIONS, preload].filter(Boolean).join(' '),
  }
}
