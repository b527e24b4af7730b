import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { run } from './child-process.mjs'
import { TaskError } from './workspace.mjs'

const SERVERS = ['mariadbd', 'mysqld']

/** Where packages put the server without putting it on an ordinary user's PATH. */
const SERVER_FOLDERS = [
  '/usr/sbin',
  '/usr/libexec',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/local/mysql/bin',
  '/opt/homebrew/bin',
  '/opt/homebrew/opt/mariadb/bin',
  '/opt/homebrew/opt/mysql/bin',
]

const APT_PACKAGES = ['mariadb-server-core', 'mariadb-client-core']

/**
 * Makes sure that a MariaDB or MySQL server can be started, installing MariaDB when that can be done without a
 * question. Afterwards the server's folder is on this process's PATH.
 *
 * @param {(line: string) => void} say
 */
export async function ensureMysqld(say) {
  const found = findServer() ?? (await installWithApt(say))
  if (!found) {
    throw new TaskError(
      'The tests need a MariaDB or MySQL server program (mariadbd or mysqld) on PATH. ' +
        `Debian or Ubuntu: sudo apt-get install ${APT_PACKAGES.join(' ')}. macOS: brew install mariadb. ` +
        'It need not be running.',
    )
  }
  const folder = dirname(found)
  if (!pathFolders().includes(folder)) process.env.PATH = [...pathFolders(), folder].join(delimiter)
}

/** @returns {string | undefined} the server's path */
function findServer() {
  const folders = [...pathFolders(), ...SERVER_FOLDERS]
  return folders.flatMap((folder) => SERVERS.map((name) => join(folder, name))).find(isExecutable)
}

function pathFolders() {
  return (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * @param {(line: string) => void} say
 * @returns {Promise<string | undefined>}
 */
async function installWithApt(say) {
  if (!(await run('apt-get', ['--version'], { quiet: true })).isGreen) return undefined
  const isRoot = process.getuid?.() === 0
  if (!isRoot && !(await run('sudo', ['-n', 'true'], { quiet: true })).isGreen) return undefined

  say(`Installing ${APT_PACKAGES.join(' and ')} with apt-get`)
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq']
  const [command = '', ...prefix] = isRoot ? apt : ['sudo', '-n', ...apt]
  await run(command, [...prefix, 'update'], { quiet: true })
  const install = ['install', '-y', '--no-install-recommends', ...APT_PACKAGES]
  const { isGreen, output } = await run(command, [...prefix, ...install], { quiet: true })
  if (!isGreen) throw new TaskError(`apt-get could not install a MariaDB server:\n${output}`)
  return findServer()
}
