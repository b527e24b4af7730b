import type { Topology, TopologyReport } from './topology.js'

/** Marks the writer's row (AWS: AuroraMySQL.Reference.ISTables). */
const MASTER_SESSION_ID = 'MASTER_SESSION_ID'

/**
 * An instance that shows no rows and says of itself that it writes is believed: nothing else can be known of a topology that this user
 * may not read. The others are taken as they were known.
 */
export function withKnownRows(
  report: TopologyReport,
  previous: Topology | undefined,
): TopologyReport {
  if (report.rows.length > 0 || report.isReadOnly || previous === undefined) return report
  const rows = previous.instances.map(({ id }) => ({
    serverId: id,
    sessionId: id === report.answeredBy ? MASTER_SESSION_ID : '',
    ageMicros: undefined,
    lagMs: undefined,
    cpu: undefined,
  }))
  return { ...report, rows }
}
