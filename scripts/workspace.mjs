import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the workspace, without a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

/** What stands for a failure that the reader can mend: its message is printed alone, without a stack. */
export class TaskError extends Error {
  /** @override */
  name = 'TaskError'
}

/**
 * @typedef {object} WorkspacePackage
 * @property {string} folder absolute
 * @property {string} label relative to the root
 * @property {{ name: string, scripts?: Record<string, string>, packageManager?: string, peerDependencies?: Record<string, string> }} manifest
 */

/**
 * @param {string} folder absolute
 * @returns {WorkspacePackage}
 */
export function readPackage(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { folder, label: relative(root, folder) || '.', manifest }
}

/**
 * The packages directly below one folder of the workspace, by name.
 *
 * @param {'packages' | 'examples'} parent
 * @returns {WorkspacePackage[]}
 */
export function packagesBelow(parent) {
  const folder = join(root, parent)
  // Git keeps no empty folders.
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((one) => isFile(join(one, 'package.json')))
    .map(readPackage)
}

/** Every package of the workspace, the root first. */
export function allPackages() {
  const test = readPackage(join(root, 'test'))
  return [readPackage(root), ...packagesBelow('packages'), ...packagesBelow('examples'), test]
}

/** @param {string} path */
export function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

/**
 * One digest over the names and contents of files; folders count with all that is below them, what is missing
 * counts as missing.
 *
 * @param {readonly string[]} paths absolute
 */
export function digestOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths.flatMap(filesBelow)) {
    hash.update(`${relative(root, path)}\0`)
    hash.update(isFile(path) ? readFileSync(path) : 'missing')
    hash.update('\0')
  }
  return hash.digest('hex')
}

/**
 * @param {string} path
 * @returns {string[]} the path itself unless it is a folder
 */
function filesBelow(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path]
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)))
}
