import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child-process.mjs'
import { digestOf, isFile, packagesBelow, root, TaskError } from './workspace.mjs'

/**
 * Builds every package whose sources or output are not those of its last build: side by side, but none before those whose types it
 * needs.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<number>} how many packages there are
 */
export async function ensureBuilt(say) {
  const packages = packagesBelow('packages')
  /** @type {Map<string, Promise<void>>} */
  const builds = new Map()
  /**
   * @param {import('./workspace.mjs').WorkspacePackage} one
   * @returns {Promise<void>}
   */
  const build = (one) => {
    const { name, peerDependencies = {} } = one.manifest
    const known = builds.get(name)
    if (known !== undefined) return known
    const needed = packages.filter(({ manifest }) => manifest.name in peerDependencies)
    const built = Promise.all(needed.map(build)).then(() => ensurePackageBuilt(one, say))
    builds.set(name, built)
    return built
  }
  await Promise.all(packages.map(build))
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
  const { isGreen, output } = await run('npm', ['run', 'build'], { cwd: folder, quiet: true })
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
  const own = ['src', 'dist', 'package.json', 'tsconfig.json', 'tsup.config.ts', 'share-types.mjs']
  return digestOf([
    ...shared.map((name) => join(root, name)),
    ...own.map((name) => join(folder, name)),
  ])
}
