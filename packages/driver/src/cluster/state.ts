import type { Topology } from '../model/topology.js'

/** What is believed of the target: nothing yet, a cluster, one endpoint of Aurora, or a server that is not Aurora. */
export type Mode = 'unknown' | 'cluster' | 'single' | 'plain'

/** What the parts of a cluster share. Each field has one writer, named here; everybody may read. */
export class ClusterState {
  /** Written by `Belief`. */
  mode: Mode = 'unknown'
  /** The topology in force; undefined until an instance has answered, and where there is nothing to discover. By `Belief`. */
  topology: Topology | undefined
  /** Some instance has confirmed itself as the writer, once. By `Belief`, and by `Cluster` where a write shows it. */
  hasHadWriter = false
  /** The server gives out connections without autocommit: no read is one by itself there, so none goes to a reader. By `joinParts`. */
  isWithoutAutocommit = false
  /** `connection` listeners have chosen an isolation level, which readers ignore (AWS: AuroraMySQL.Reference.IsolationLevels). By `joinParts`. */
  hasOwnIsolation = false
  /** The one endpoint that there is has said that it is a reader, in the episode that is open. By `Belief`. */
  isGivenReader = false
  /** Written by `Cluster`. */
  isClosed = false

  /** Our retry rules hold: on a server that is not Aurora, and until it is known, errors surface as in mysql2. */
  get isAurora(): boolean {
    return this.mode === 'cluster' || this.mode === 'single'
  }
}
