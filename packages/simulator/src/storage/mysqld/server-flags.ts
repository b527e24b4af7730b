import { join } from 'node:path'
import type { ServerProgram } from './find-server.js'

/** The version that a MariaDB server announces: that of MySQL in Aurora MySQL 3. */
const announcedVersion = '8.0.39'

const mysqlSqlMode =
  'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'

/** What the data directory was made with and the server must be told again. */
export const layoutFlags: readonly string[] = [
  '--loose-innodb-log-file-size=4M',
  '--loose-innodb-redo-log-capacity=8M',
]

/** A server may refuse to run as root unless told to; others may not be told at all. */
export function userFlags(): readonly string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : []
}

/** Flags of a small, fast, private server whose data need not survive it. */
export function serverFlags(program: ServerProgram, directory: string): readonly string[] {
  const flags = [
    '--no-defaults',
    ...userFlags(),
    ...layoutFlags,
    `--datadir=${join(directory, 'data')}`,
    // A starting server clears what looks like temporary tables, another one's too.
    `--tmpdir=${directory}`,
    `--socket=${join(directory, 's.sock')}`,
    `--pid-file=${join(directory, 'pid')}`,
    `--log-error=${join(directory, 'error.log')}`,
    '--skip-networking',
    '--skip-log-bin',
    '--skip-name-resolve',
    '--performance-schema=OFF',
    '--max-connections=4000',
    '--local-infile=1',
    '--secure-file-priv=',
    '--default-time-zone=+00:00',
    '--character-set-server=utf8mb4',
    '--sync-binlog=0',
    '--max-allowed-packet=1G',
    '--thread-cache-size=64',
    '--table-open-cache=400',
    '--key-buffer-size=64K',
    '--innodb-buffer-pool-size=32M',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-doublewrite=OFF',
    '--innodb-flush-method=nosync',
    '--innodb-lock-wait-timeout=50',
    '--loose-innodb-buffer-pool-dump-at-shutdown=OFF',
    '--loose-innodb-buffer-pool-load-at-startup=OFF',
  ]
  if (program.flavour === 'mysql') return [...flags, '--mysqlx=OFF']
  return [
    ...flags,
    `--version=${announcedVersion}`,
    `--sql-mode=${mysqlSqlMode}`,
    '--aria-pagecache-buffer-size=1M',
    '--loose-innodb-snapshot-isolation=OFF',
  ]
}
