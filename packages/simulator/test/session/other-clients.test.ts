import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Connection, createConnection } from 'mariadb'
import { describe, expect, it } from 'vitest'
import type { Cluster, ClusterInstance } from '../../src/index.js'
import { errorOf, openCluster, storages } from '../open-cluster.js'

async function withConnector(
  instance: ClusterInstance,
  options: { compress?: boolean },
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = await createConnection({
    host: instance.address,
    port: instance.port,
    user: 'app',
    password: 'app-password',
    database: 'app',
    ...options,
  })
  await use(connection)
  await connection.end()
}

describe.each(storages)('the mariadb connector on %s', (storage) => {
  it.each([{ compress: false }, { compress: true }])(
    'works, pipelining included: %o',
    async (options) => {
      const cluster = await openCluster({ storage, instances: 2 })
      await withConnector(cluster.writer, options, async (connection) => {
        await connection.query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))')
        // It sends the next command before the reply to the one before it has come.
        const unawaited = [1, 2, 3].map((id) =>
          connection.query('INSERT INTO t VALUES (?, ?)', [id, 'text']),
        )
        await Promise.all(unawaited)
        await connection.batch('INSERT INTO t VALUES (?, ?)', [
          [4, 'a'],
          [5, 'b'],
        ])
        expect(
          await connection.execute('SELECT COUNT(*) AS n FROM t WHERE id > ?', [1]),
        ).toMatchObject([{ n: 4n }])
        expect(await connection.query('SELECT @@aurora_server_id AS id')).toMatchObject([
          { id: 'instance-1' },
        ])
        const failed = await Promise.allSettled([
          connection.query('SELEC'),
          connection.query('SELECT 1 AS one'),
        ])
        expect(failed.map((each) => each.status)).toEqual(['rejected', 'fulfilled'])
        await connection.beginTransaction()
        await connection.query('DELETE FROM t')
        await connection.rollback()
        expect(await connection.query('SELECT COUNT(*) AS n FROM t')).toMatchObject([{ n: 5n }])
      })
      await withConnector(cluster.readers[0] as ClusterInstance, options, async (connection) => {
        expect((await errorOf(connection.query('DELETE FROM t'))).errno).toBe(1290)
      })
    },
  )
})

describe('the command-line client', () => {
  const run = promisify(execFile)

  function client(cluster: Cluster, instance: ClusterInstance, flags: string[], sql: string) {
    const login = [
      '-h',
      instance.address,
      '-P',
      `${cluster.port}`,
      '-uapp',
      '-papp-password',
      'app',
    ]
    return run('mariadb', ['--no-defaults', ...login, ...flags, '--batch', '-e', sql])
  }

  it.each([[[]], [['--compress']], [['--ssl']], [['--ssl', '--compress']]])(
    'works with %j',
    async (flags) => {
      const cluster = await openCluster({ instances: 2, tls: flags.includes('--ssl') })
      const sql =
        'CREATE TABLE t (v INT); INSERT INTO t VALUES (7); SELECT v, @@aurora_server_id FROM t; SHOW TABLES'
      const { stdout } = await client(cluster, cluster.writer, flags, sql)
      expect(stdout).toBe('v\t@@aurora_server_id\n7\tinstance-1\nTables_in_app\nt\n')
      const refused = await errorOf(
        client(cluster, cluster.readers[0] as ClusterInstance, flags, 'DELETE FROM t'),
      )
      expect(refused.message).toContain('ERROR 1290 (HY000)')
    },
  )
})
