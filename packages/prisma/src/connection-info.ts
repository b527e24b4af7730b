import type { ConnectionInfo } from '@prisma/driver-adapter-utils'
import { type StatementRunner, Statements } from './statements.js'

/**
 * How many values one statement of Prisma may have before Prisma splits it. Texts have no limit of their own; this is that of prepared
 * statements, with which Prisma's other MySQL adapters live, and far below any `max_allowed_packet`.
 */
const MAX_BIND_VALUES = 65_535

/** What the adapter was told about the server. */
export interface KnownInfo {
  readonly database: string | undefined
  readonly relationJoins: boolean | undefined
}

/**
 * What Prisma wants to know of the server. Asks it, where it was not told: the one statement that Prisma has not asked for, once for
 * each adapter.
 *
 * @throws AuroraAdapterError when there is no answer
 */
export async function connectionInfoOf(
  runner: StatementRunner,
  { database, relationJoins }: KnownInfo,
): Promise<ConnectionInfo> {
  return {
    maxBindValues: MAX_BIND_VALUES,
    supportsRelationJoins: relationJoins ?? canJoinRelations(await askVersion(runner)),
    ...(database === undefined ? {} : { schemaName: database }),
  }
}

async function askVersion(runner: StatementRunner): Promise<string> {
  const question = { sql: 'SELECT VERSION()', args: [], argTypes: [] }
  const { rows } = await new Statements(runner).queryRaw(question)
  return String(rows[0]?.[0])
}

/**
 * Whether the server understands Prisma's joins of relations, derived tables that refer to what is outside of them: MySQL since 8.0.14,
 * and so Aurora MySQL 3; MariaDB not.
 *
 * @param version what `VERSION()` says: `8.0.42`, `5.7.12-log`, `10.11.14-MariaDB`
 */
export function canJoinRelations(version: string): boolean {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.map(Number) ?? []
  if (major === undefined || minor === undefined || patch === undefined) return false
  if (/mariadb/i.test(version)) return false
  return major > 8 || (major === 8 && (minor > 0 || patch >= 14))
}
