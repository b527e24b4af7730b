import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { ServerProgram } from './find-server.js'
import { layoutFlags, userFlags } from './server-flags.js'

const run = promisify(execFile)

/** Raised when the way a data directory is prepared changes. */
const templateFormat = 1

/**
 * Puts a fresh data directory at `data` inside `directory`. The first call on a machine prepares one (0.5 s
 * with MariaDB, some seconds with MySQL) and keeps a copy in the system's temporary directory; starters that
 * come at the same time may each prepare one, and the first to finish wins.
 */
export async function makeDataDirectory(program: ServerProgram, directory: string): Promise<void> {
  const template = templatePath(program)
  const data = join(directory, 'data')
  if (await exists(template)) {
    await cp(template, data, { recursive: true })
    return
  }
  if (program.flavour === 'mysql') await initializeMysql(program, data)
  else await installMariadb(program, data)
  await keepTemplate(data, template)
}

function templatePath(program: ServerProgram): string {
  const uid = process.getuid?.() ?? userInfo().username
  const key = [templateFormat, program.path, program.version, uid, ...layoutFlags].join('\n')
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16)
  return join(tmpdir(), `aurora-mysql2-simulator-data-${hash}`)
}

async function keepTemplate(data: string, template: string): Promise<void> {
  const copy = await mkdtemp(`${template}-`)
  try {
    await cp(data, copy, { recursive: true })
    await rename(copy, template)
  } catch (error) {
    await rm(copy, { recursive: true, force: true })
    // Another starter was faster: its template is as good as ours.
    if (!(await exists(template))) throw error
  }
}

async function initializeMysql(program: ServerProgram, data: string): Promise<void> {
  const flags = ['--no-defaults', '--initialize-insecure', ...userFlags(), ...layoutFlags]
  await run(program.path, [...flags, `--datadir=${data}`, `--tmpdir=${dirname(data)}`])
}

async function installMariadb(program: ServerProgram, data: string): Promise<void> {
  const beside = dirname(program.path)
  const folders = [beside, join(beside, '..', 'bin'), join(beside, '..', 'scripts'), '/usr/bin']
  const candidates = folders.flatMap((folder) =>
    ['mariadb-install-db', 'mysql_install_db'].map((name) => join(folder, name)),
  )
  const present = await Promise.all(candidates.map(exists))
  const installer = candidates.find((_, index) => present[index])
  if (!installer) {
    throw new Error(
      `Found ${program.path} but no mariadb-install-db beside it; install the package that holds it (mariadb-server-core on Debian and Ubuntu).`,
    )
  }
  await run(installer, [
    '--no-defaults',
    `--datadir=${data}`,
    // A starting server clears what looks like temporary tables, another one's too.
    `--tmpdir=${dirname(data)}`,
    '--skip-test-db',
    '--auth-root-authentication-method=normal',
    ...userFlags(),
    ...layoutFlags,
  ])
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
