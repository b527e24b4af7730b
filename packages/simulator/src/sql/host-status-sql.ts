/** One row of an instance's copy of `information_schema.replica_host_status`. */
export interface HostStatusRow {
  readonly serverId: string
  /** `MASTER_SESSION_ID` for the writer, a UUID for a reader. */
  readonly sessionId: string
  /** When the row's instance last reported (Unix time, ms with fractions). */
  readonly updatedAtMs: number
  readonly lagMs: number
  /** Percent. */
  readonly cpu: number
}

/** A query whose result is these rows under Aurora's column names; the time is shown in `zone` minutes. */
export function hostStatusSql(rows: readonly HostStatusRow[], zoneMinutes: number): string {
  if (rows.length === 0) return `${rowSql(emptyRow, zoneMinutes)} LIMIT 0`
  return rows.map((row) => rowSql(row, zoneMinutes)).join(' UNION ALL ')
}

const emptyRow: HostStatusRow = { serverId: '', sessionId: '', updatedAtMs: 0, lagMs: 0, cpu: 0 }

function rowSql(row: HostStatusRow, zoneMinutes: number): string {
  return (
    `SELECT ${text(row.serverId)} AS SERVER_ID, ${text(row.sessionId)} AS SESSION_ID, ` +
    `CAST(${text(dateTime(row.updatedAtMs + zoneMinutes * 60_000))} AS DATETIME(6)) AS LAST_UPDATE_TIMESTAMP, ` +
    `${row.lagMs.toFixed(3)}e0 AS REPLICA_LAG_IN_MILLISECONDS, ${row.cpu.toFixed(2)}e0 AS CPU, 1 AS IS_CURRENT`
  )
}

function text(value: string): string {
  return `'${value.replace(/['\\]/g, '\\$&')}'`
}

function dateTime(ms: number): string {
  const whole = Math.floor(ms)
  const micros = Math.floor((ms - whole) * 1000)
  const iso = new Date(whole).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}${String(micros).padStart(3, '0')}`
}
