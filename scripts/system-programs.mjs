import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './child-process.mjs'

/**
 * The first of these programs that there is.
 *
 * @param {readonly string[]} names
 * @param {readonly string[]} [moreFolders] to look in after PATH
 * @returns {string | undefined} its path
 */
export function findProgram(names, moreFolders = []) {
  const folders = [...pathFolders(), ...moreFolders]
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

/** The folders of this process's PATH. */
export function pathFolders() {
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
 * Installs packages with apt-get where that can be done without a question.
 *
 * @param {readonly string[]} packages
 * @param {(line: string) => void} say
 * @returns {Promise<{ isGreen: boolean, output: string } | undefined>} undefined: it was not tried
 */
export async function installWithApt(packages, say) {
  if (!(await run('apt-get', ['--version'], { quiet: true })).isGreen) return undefined
  const isRoot = process.getuid?.() === 0
  if (!isRoot && !(await run('sudo', ['-n', 'true'], { quiet: true })).isGreen) return undefined

  say(`Installing ${packages.join(' and ')} with apt-get`)
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq']
  const [command = '', ...prefix] = isRoot ? apt : ['sudo', '-n', ...apt]
  await run(command, [...prefix, 'update'], { quiet: true })
  const install = ['install', '-y', '--no-install-recommends', ...packages]
  return run(command, [...prefix, ...install], { quiet: true })
}
