import type { ConnectionInfo } from '@prisma/driver-adapter-utils'
import type { RowDataPacket } from 'mysql2/promise'
import { runText, type StatementRunner } from './statements.js'

/**
 * How many values one statement of Prisma may have before Prisma splits it. Texts have no limit of their own; this is that of prepared
 * statements, with which Prisma's other MySQL adapters live, and far below any `max_allowed_packet`.
 */
const MAX_BIND_VALUES = 65_535

/**
 * Asks the server what Prisma wants to know of it. This is the one statement that Prisma has not asked for, once for each client.
 *
 * @throws AuroraAdapterError when there is no answer
 */
export async function askConnectionInfo(
  runner: StatementRunner,
  schemaName: string | undefined,
): Promise<ConnectionInfo> {
  const [rows] = await runText(runner, {
    sql: 'SELECT VERSION() AS version',
    rowsAsArray: false,
    nestTables: false,
    typeCast: true,
  })
  const [row] = rows as RowDataPacket[]
  return {
    maxBindValues: MAX_BIND_VALUES,
    supportsRelationJoins: hasLateralJoins(String(row?.version)),
    ...(schemaName === undefined ? {} : { schemaName }),
  }
}

/**
 * Whether the server has LATERAL, which Prisma joins relations with: MySQL since 8.0.14, and so Aurora MySQL 3; MariaDB not.
 *
 * @param version what `VERSION()` says: `8.0.42`, `5.7.12-log`, `10.11.14-MariaDB`
 */
export function hasLateralJoins(version: string): boolean {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.map(Number) ?? []
  if (major === undefined || minor === undefined || patch === undefined) return false
  if (/mariadb/i.test(version)) return false
  return major > 8 || (major === 8 && (minor > 0 || patch >= 14))
}
