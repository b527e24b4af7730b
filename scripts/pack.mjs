import { join } from 'node:path'
import { runPnpm } from './install.mjs'
import { packagesBelow, TaskError } from './workspace.mjs'

/**
 * Packs every package as it would be published.
 *
 * @param {string} destination folder
 * @returns {Promise<Record<string, string>>} package name → path of its tarball
 */
export async function packPackages(destination) {
  /** @type {Record<string, string>} */
  const tarballs = {}
  for (const { folder, label, manifest } of packagesBelow('packages')) {
    const tarball = join(destination, `${manifest.name}.tgz`)
    const { isGreen, output } = await runPnpm(['pack', '--out', tarball], {
      cwd: folder,
      quiet: true,
    })
    if (!isGreen) throw new TaskError(`Packing ${label} failed:\n${output}`)
    tarballs[manifest.name] = tarball
  }
  return tarballs
}
