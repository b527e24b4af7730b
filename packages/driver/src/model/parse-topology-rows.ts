import type { TopologyRow } from './topology.js'

/**
 * Reads the rows of the driver's question (columns `answered_by`, `read_only`, `server_id`,
 * `session_id`, `age_us`, `lag_ms`, `cpu`), whatever types the connection's options give them.
 * A row whose `server_id` is NULL only says who answered. Undefined: it cannot be understood, as
 * when a failover cuts a result short and leaves it without columns.
 */
export function parseTopologyRows(
  rows: readonly Readonly<Record<string, unknown>>[],
): { answeredBy: string; isReadOnly: boolean; rows: TopologyRow[] } | undefined {
  const first = rows[0]
  const answeredBy = textOf(first?.answered_by)?.toLowerCase()
  const isReadOnly = switchOf(first?.read_only)
  if (answeredBy === undefined || isReadOnly === undefined) {
    return undefined
  }
  const parsed: TopologyRow[] = []
  for (const row of rows) {
    const serverId = textOf(row.server_id)?.toLowerCase()
    if (serverId !== undefined) {
      parsed.push({
        serverId,
        sessionId: textOf(row.session_id) ?? '',
        ageMicros: numberOf(row.age_us),
        lagMs: numberOf(row.lag_ms),
        cpu: numberOf(row.cpu),
      })
    }
  }
  return { answeredBy, isReadOnly, rows: parsed }
}

function textOf(value: unknown): string | undefined {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value
  return typeof text === 'string' && text !== '' ? text : undefined
}

function numberOf(value: unknown): number | undefined {
  const number =
    typeof value === 'number' || typeof value === 'bigint'
      ? Number(value)
      : Number.parseFloat(textOf(value) ?? '')
  return Number.isFinite(number) ? number : undefined
}

/** A system variable of two values: 0, 1, OFF or ON. */
function switchOf(value: unknown): boolean | undefined {
  const text = textOf(value)?.toUpperCase()
  if (text === 'ON' || text === 'OFF') {
    return text === 'ON'
  }
  const number = typeof value === 'boolean' ? Number(value) : numberOf(value)
  return number === undefined ? undefined : number !== 0
}
