/** Stands for the hash of account and cluster in real names. */
const accountHash = 'simulated12'
const domain = 'eu-west-1.rds.amazonaws.com'

/** The DNS names of a cluster, in Aurora's own form. */
export interface EndpointNames {
  readonly writer: string
  readonly reader: string
  readonly custom: string
  instance(id: string): string
}

/** The zones that hold the names of every simulated cluster. */
export const nameZones: readonly string[] = ['', 'cluster-', 'cluster-ro-', 'cluster-custom-'].map(
  (kind) => `${kind}${accountHash}.${domain}`,
)

/** The names of the cluster called `clusterName`. */
export function endpointNames(clusterName: string): EndpointNames {
  return {
    writer: `${clusterName}.cluster-${accountHash}.${domain}`,
    reader: `${clusterName}.cluster-ro-${accountHash}.${domain}`,
    custom: `${clusterName}.cluster-custom-${accountHash}.${domain}`,
    instance: (id) => `${id}.${accountHash}.${domain}`,
  }
}
