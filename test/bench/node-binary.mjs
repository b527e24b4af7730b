import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * The Node of that line: the one that runs this, or one that the tests bring.
 *
 * @param {number} major
 * @returns {string | undefined} undefined when it is not installed
 */
export function nodeNamed(major) {
  if (Number(process.versions.node.split('.')[0]) === major) return process.execPath
  const file = fileURLToPath(new URL(`../node_modules/node-${major}/bin/node`, import.meta.url))
  return existsSync(file) ? file : undefined
}
