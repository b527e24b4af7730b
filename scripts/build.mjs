import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child-process.mjs'
import { digestOf, isFile, packagesBelow, root, TaskError } from './workspace.mjs'

/**
 * Builds every package whose sources or output are not those of its last build, side by side.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<number>} how many packages there are
 */
export async function ensureBuilt(say) {
  const packages = packagesBelow('packages')
  await Promise.all(packages.map((one) => ensurePackageBuilt(one, say)))
  return packages.length
}

/**
 * @param {import('./workspace.mjs').WorkspacePackage} one
 * @param {(line: string) => void} say
 */
async function ensurePackageBuilt({ folder, label }, say) {
  const stampPath = join(folder, 'node_modules', '.built')
  if (isFile(stampPath) && readFileSync(stampPath, 'utf8') === buildDigest(folder)) return
  say(`Building ${label}`)
  rmSync(stampPath, { force: true })
  const { isGreen, output } = await run('tsup', [], { cwd: folder, quiet: true })
  if (!isGreen) throw new TaskError(`The build of ${label} failed:\n${output}`)
  writeFileSync(stampPath, buildDigest(folder))
}

/**
 * Of contents, not of times: a checkout gives old sources new times.
 *
 * @param {string} folder
 */
function buildDigest(folder) {
  const shared = ['tsup.shared.ts', 'tsconfig.base.json', 'pnpm-lock.yaml']
  const own = ['src', 'dist', 'package.json', 'tsconfig.json', 'tsup.config.ts']
  return digestOf([
    ...shared.map((name) => join(root, name)),
    ...own.map((name) => join(folder, name)),
  ])
}
