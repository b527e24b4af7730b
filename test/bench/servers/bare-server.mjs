import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import mysql from 'mysql2/promise'
import { TABLES } from './tables.mjs'

const ACCOUNT = { user: 'app', password: 'app-password', database: 'app' }
const STARTS_WITHIN_MS = 30_000
/** Ends the server with the process that started it, however that ends. */
const WATCHER = `
directory=$1
shift
"$@" </dev/null >/dev/null 2>&1 &
read -r _
kill -KILL $!
wait
rm -rf "$directory"
`

/** A MariaDB or MySQL on a port of its own, with nothing between it and the client. */
export async function startBareServer() {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bench-'))
  const data = join(directory, 'data')
  const program = findProgram(['mariadbd', 'mysqld'])
  const own = process.getuid?.() === 0 ? ['--user=root'] : []
  const isMariadb = /mariadb/i.test(
    execFileSync(program, ['--no-defaults', '--version'], { encoding: 'utf8' }),
  )
  if (isMariadb) {
    const flags = ['--skip-test-db', '--auth-root-authentication-method=normal']
    execFileSync(findProgram(['mariadb-install-db']), [
      '--no-defaults',
      `--datadir=${data}`,
      ...flags,
      ...own,
    ])
  } else
    execFileSync(program, ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, ...own])
  const port = await freePort()
  const watcher = spawn(
    '/bin/sh',
    [
      ...['-c', WATCHER, 'bench', directory, program, '--no-defaults', ...own],
      ...[`--datadir=${data}`, `--tmpdir=${directory}`, `--socket=${join(directory, 's.sock')}`],
      ...[`--pid-file=${join(directory, 'pid')}`, `--log-error=${join(directory, 'error.log')}`],
      ...[`--port=${port}`, '--bind-address=127.0.0.1', '--skip-log-bin', '--skip-name-resolve'],
      ...[
        '--max-allowed-packet=64M',
        '--performance-schema=OFF',
        '--innodb-flush-log-at-trx-commit=0',
      ],
    ],
    // Of a group of its own: what ends this one must leave it time to clean up.
    { detached: true, cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] },
  )
  try {
    const root = await connect({ socketPath: join(directory, 's.sock'), user: 'root' })
    await root.query('CREATE DATABASE app')
    await root.query(`CREATE USER 'app'@'127.0.0.1' IDENTIFIED BY '${ACCOUNT.password}'`)
    await root.query("GRANT ALL ON app.* TO 'app'@'127.0.0.1'")
    for (const sql of TABLES) await root.query(sql)
    const target = { host: '127.0.0.1', port, ...ACCOUNT }
    return {
      target: { plain: target, cluster: target },
      /** How many statements it has been sent, this question included. */
      statementCount: async () => {
        const [[row]] = await root.query("SHOW GLOBAL STATUS LIKE 'Questions'")
        return Number(row.Value)
      },
      close: async () => {
        root.destroy()
        watcher.stdin.end()
      },
    }
  } catch (error) {
    watcher.stdin.end()
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

async function connect(target) {
  const untilMs = performance.now() + STARTS_WITHIN_MS
  for (;;) {
    try {
      return await mysql.createConnection(target)
    } catch (error) {
      if (performance.now() > untilMs) throw error
      await sleep(50)
    }
  }
}

function findProgram(names) {
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    '/usr/sbin',
    '/usr/libexec',
    '/usr/local/sbin',
  ]
  for (const folder of folders) {
    for (const name of names) if (existsSync(join(folder, name))) return join(folder, name)
  }
  throw new Error(`None of ${names.join(', ')} is on PATH`)
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
