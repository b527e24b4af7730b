import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Starts each program anew in every round, in turn, and reads the line of JSON that it prints.
 *
 * @param {object} wish
 * @param {string} wish.script below `client`
 * @param {Record<string, readonly string[]>} wish.programs arguments by name
 * @param {number} wish.rounds
 * @param {string | undefined} wish.node
 * @returns {Promise<Record<string, any[]>>}
 */
export async function runProcesses({ script, programs, rounds, node = process.execPath }) {
  const file = fileURLToPath(new URL(`client/${script}`, import.meta.url))
  const names = Object.keys(programs)
  const answers = Object.fromEntries(names.map((name) => [name, []]))
  // The first of each only fills the file system's cache.
  for (let round = -1; round < rounds; round += 1) {
    const shift = (round + 1) % names.length
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      const { stdout } = await run(node, ['--expose-gc', file, ...programs[name]])
      if (round >= 0) answers[name].push(JSON.parse(stdout))
    }
  }
  return answers
}
