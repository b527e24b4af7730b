import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Cluster } from '../cluster/cluster.js'
import { isLoopback } from './guard.js'

/** What `startControl` takes. */
export interface ControlOptions {
  /** The cluster to watch and to break. Ends after its control interface, or lives on. */
  readonly cluster: Cluster
  /** @default 0: any free one */
  readonly port?: number
  /** A loopback address or `localhost`: whoever reaches the interface may break the cluster. @default '127.0.0.1' */
  readonly host?: string
}

/** A running control interface. */
export interface Control {
  readonly host: string
  readonly port: number
  /** `http://127.0.0.1:9306` */
  readonly url: string
  /** Stops listening and ends every connection, event streams too. Safe to call twice. */
  close(): Promise<void>
}

/** Serves the control interface of a cluster over HTTP: its page, its state, its events, its faults. */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { cluster, port = 0, host = '127.0.0.1' } = options
  if (!isLoopback(host.includes(':') ? `[${host}]` : host)) {
    throw new TypeError(`host: expected a loopback address or localhost; got '${host}'`)
  }
  // Most programs that start a cluster need no web server, and would load one with every test file.
  const [{ getRequestListener }, { controlRoutes }] = await Promise.all([
    import('@hono/node-server'),
    import('./routes.js'),
  ])
  const { fetch } = controlRoutes(cluster)
  // A library replaces no global of the program that it runs in.
  const server = createServer(getRequestListener(fetch, { overrideGlobalObjects: false }))
  server.listen({ host, port, exclusive: true })
  await once(server, 'listening')
  const bound = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  return {
    host,
    port: bound.port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      return closing
    },
  }
}
