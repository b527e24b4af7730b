import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Builds another commit in a folder of its own, and removes it afterwards.
 *
 * @template T
 * @param {string} commit
 * @param {(versus: { name: string, folder: string }) => Promise<T>} use
 */
export async function withCommit(commit, use) {
  const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
  const name = git('rev-parse', '--short', `${commit}^{commit}`)
  const parent = mkdtempSync(join(tmpdir(), 'bench-'))
  const folder = join(parent, name)
  git('worktree', 'add', '--detach', folder, name)
  try {
    await build(folder)
    return await use({ name, folder: join(folder, 'packages', 'driver') })
  } finally {
    git('worktree', 'remove', '--force', folder)
    rmSync(parent, { recursive: true, force: true })
  }
}

/** With its own scripts, since these know what it needs. Only the driver is wanted. */
async function build(folder) {
  const script = (name) => import(join(folder, 'scripts', name))
  const { ensureInstalled } = await script('install.mjs')
  const { run } = await script('child-process.mjs')
  await ensureInstalled((line) => console.log(`> ${line}`))
  const driver = join(folder, 'packages', 'driver')
  const { isGreen, output } = await run('tsup', [], { cwd: driver, quiet: true })
  if (!isGreen) throw new Error(`The driver of that commit cannot be built:\n${output}`)
}
