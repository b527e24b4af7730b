/** What one instance says about itself and its cluster at this moment. */
export interface AuroraAnswers {
  readonly serverId: string
  readonly isReadOnly: boolean
  readonly version: string
  /** A query for the rows of the instance's own copy of `replica_host_status`. */
  hostStatusSql(): string
}
