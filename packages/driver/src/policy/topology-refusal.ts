/**
 * The server's word that it has no topology to show, or none for this user. Anything else (too many connections, a password that is
 * not valid yet, a server going down) says nothing about the table.
 */
const REFUSALS: ReadonlySet<number> = new Set([
  1044, // ER_DBACCESS_DENIED_ERROR
  1109, // ER_UNKNOWN_TABLE
  1142, // ER_TABLEACCESS_DENIED_ERROR
  1143, // ER_COLUMNACCESS_DENIED_ERROR
  1146, // ER_NO_SUCH_TABLE
  1193, // ER_UNKNOWN_SYSTEM_VARIABLE
  1227, // ER_SPECIFIC_ACCESS_DENIED_ERROR
  1305, // ER_SP_DOES_NOT_EXIST
  1356, // ER_VIEW_INVALID
])

/** Whether an error to the topology question tells that asking again will not help. */
export function isTopologyRefusal(error: unknown): boolean {
  const errno = (error as { errno?: unknown } | null | undefined)?.errno
  return typeof errno === 'number' && REFUSALS.has(errno)
}
