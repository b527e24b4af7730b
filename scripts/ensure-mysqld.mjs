import { delimiter, dirname } from 'node:path'
import { findProgram, installWithApt, pathFolders } from './system-programs.mjs'
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
  const findServer = () => findProgram(SERVERS, SERVER_FOLDERS)
  const found = findServer() ?? (await install(say, findServer))
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

/**
 * @param {(line: string) => void} say
 * @param {() => string | undefined} findServer
 */
async function install(say, findServer) {
  const result = await installWithApt(APT_PACKAGES, say)
  if (result && !result.isGreen) {
    throw new TaskError(`apt-get could not install a MariaDB server:\n${result.output}`)
  }
  return findServer()
}
