import { join } from 'node:path'
import { run } from './child-process.mjs'
import { allPackages, isFile } from './workspace.mjs'

/**
 * Type-checks every package of the workspace that has a tsconfig.json, against sources: no build is needed. Examples are programs of
 * users: they compile against what is built, when they are run.
 *
 * @returns {Promise<{ passed: number, failures: string[] }>} the compiler's output per package that is not clean
 */
export async function checkTypes() {
  const folders = allPackages()
    .filter(({ label }) => !label.startsWith('examples'))
    .map(({ folder }) => folder)
    .filter((folder) => isFile(join(folder, 'tsconfig.json')))
  /** @type {string[]} */
  const failures = []
  const waiting = [...folders]
  const worker = async () => {
    for (let folder = waiting.shift(); folder; folder = waiting.shift()) {
      const { isGreen, output } = await run('tsc', ['--noEmit', '-p', folder], { quiet: true })
      if (!isGreen) failures.push(output)
    }
  }
  await Promise.all([worker(), worker()])
  return { passed: folders.length - failures.length, failures }
}
