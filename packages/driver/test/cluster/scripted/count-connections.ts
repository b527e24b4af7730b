import type { AuroraPoolOptions } from 'aurora-mysql2/promise'
import type { ScriptedCluster } from './scripted-cluster.js'

/** Counts a pool's connections by its sockets, from the connect until they are closed. Those of its monitor are left out. */
export class ConnectionCount {
  /** The most at any time. */
  most = 0
  opened = 0
  readonly #cluster: ScriptedCluster
  #sockets: { readonly destroyed: boolean }[] = []

  constructor(cluster: ScriptedCluster) {
    this.#cluster = cluster
  }

  /** The option that lets it count. */
  get options(): AuroraPoolOptions {
    const stream = ({ config }: { config: { host: string; connectAttributes?: object } }) => {
      const socket = this.#cluster.connect(config.host)
      const isMonitor = 'aurora_mysql2_role' in (config.connectAttributes ?? {})
      if (!isMonitor) this.#count(socket)
      return socket
    }
    return { stream } as unknown as AuroraPoolOptions
  }

  #count(socket: { readonly destroyed: boolean }): void {
    this.#sockets = [...this.#sockets.filter(({ destroyed }) => !destroyed), socket]
    this.opened++
    this.most = Math.max(this.most, this.#sockets.length)
  }
}
