/** The statement that is measured: a row by its primary key. */
export const READ = 'SELECT id, text FROM item WHERE id = ?'

/** Rows of the table. */
export const ROW_COUNT = 100

/**
 * A client under measurement, whatever it is made of.
 *
 * @typedef {object} Contestant
 * @property {any} pool for what only some can do
 * @property {(sql: string, values: unknown[]) => Promise<unknown>} query
 * @property {((sql: string, values: unknown[]) => Promise<unknown>) | undefined} [execute]
 * @property {((sql: string, values: unknown[]) => Promise<unknown>) | undefined} [connection] `getConnection`, `query`, `release`
 * @property {((sql: string, values: unknown[], done: (error: unknown) => void) => void) | undefined} [callback]
 */

/** @type {Record<string, (setup: any) => Promise<Contestant>>} */
const CONTESTANTS = {
  mysql2: async ({ api, server, options }) => {
    const mysql = await import(api === 'callback' ? 'mysql2' : 'mysql2/promise')
    return mysql2Like(mysql.createPool({ ...server.plain, ...options }), api)
  },
  'aurora-mysql2': async ({ api, server, options, build, aurora, isLazy }) => {
    const folder = build ?? 'aurora-mysql2'
    const own =
      build === undefined ? { index: folder, promise: `${folder}/promise` } : entriesOf(build)
    const { createAuroraPool } = await import(api === 'callback' ? own.index : own.promise)
    const { addresses } = server
    const lookup = addresses && lookupIn(addresses)
    const pool = createAuroraPool({
      ...server.cluster,
      ...options,
      aurora: { ...(lookup && { lookup }), ...aurora },
    })
    if (!isLazy) await pool.aurora.ready()
    return mysql2Like(pool, api)
  },
  'mysql2 PoolCluster': async ({ server, options }) => {
    const mysql = await import('mysql2/promise')
    const cluster = mysql.createPoolCluster()
    cluster.add('one', { ...server.plain, ...options })
    return mysql2Like(cluster.of('*'), 'promise')
  },
  mariadb: async ({ server, options }) => {
    const mariadb = await import('mariadb')
    const pool = mariadb.createPool({ ...server.plain, ...options })
    return {
      pool,
      query: (sql, values) => pool.query(sql, values),
      execute: (sql, values) => pool.execute(sql, values),
      connection: async (sql, values) => {
        const connection = await pool.getConnection()
        await connection.query(sql, values)
        await connection.release()
      },
    }
  },
  'aws-advanced-nodejs-wrapper': async ({ server, options }) => {
    const { AwsMySQLPoolClient } = await import('aws-advanced-nodejs-wrapper/mysql')
    const { AwsPoolConfig } = await import('aws-advanced-nodejs-wrapper')
    const pool = new AwsMySQLPoolClient(
      server.plain,
      new AwsPoolConfig({ maxConnections: options.connectionLimit }),
    )
    return { pool, query: (sql, values) => pool.query(sql, values) }
  },
}

/**
 * Opens a contestant and lets it run one statement.
 *
 * @param {any} setup
 */
export async function openContestant(setup) {
  const open = CONTESTANTS[setup.contestant]
  if (open === undefined) throw new Error(`No contestant is called '${setup.contestant}'`)
  return open({ options: {}, ...setup })
}

/** @returns {Contestant} */
function mysql2Like(pool, api) {
  if (api === 'callback') {
    const callback = (sql, values, done) => pool.query(sql, values, done)
    return { pool, query: (sql, values) => pool.promise().query(sql, values), callback }
  }
  return {
    pool,
    query: (sql, values) => pool.query(sql, values),
    execute: (sql, values) => pool.execute(sql, values),
    connection: async (sql, values) => {
      const connection = await pool.getConnection()
      await connection.query(sql, values)
      connection.release()
    },
  }
}

/** Of a build elsewhere. */
function entriesOf(folder) {
  return { index: `${folder}/dist/index.js`, promise: `${folder}/dist/promise.js` }
}

function lookupIn(addresses) {
  return (host, options, callback) => {
    const found = [{ address: addresses[host], family: 4 }]
    process.nextTick(() =>
      options.all ? callback(null, found) : callback(null, found[0].address, found[0].family),
    )
  }
}
