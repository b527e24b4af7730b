import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, runNpm } from './child-process.mjs'
import { allPackages, digestOf, isFile, readPackage, root, TaskError } from './workspace.mjs'

const stampPath = join(root, 'node_modules', '.installed')

/** What npm and pnpm print when the registry is out of reach. */
const NETWORK_TROUBLE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|ERR_PNPM_META_FETCH_FAIL/

/**
 * Installs what the lock file names, unless that has been done already.
 *
 * @param {(line: string) => void} say
 */
export async function ensureInstalled(say) {
  const wanted = installDigest()
  if (isFile(stampPath) && readFileSync(stampPath, 'utf8') === wanted) return
  say('Installing from the lock file')
  rmSync(stampPath, { force: true })
  const { isGreen, output } = await runPnpm(
    // Nobody may be there to answer pnpm's question whether a stale node_modules may go.
    ['install', '--frozen-lockfile', '--prefer-offline', '--config.confirm-modules-purge=false'],
    { quiet: true },
  )
  if (!isGreen) throw installFailure('pnpm install', output)
  writeFileSync(stampPath, wanted)
}

/**
 * Runs the pinned pnpm: the one on PATH when it is of that version, else one that npx brings.
 *
 * @param {readonly string[]} args
 * @param {import('./child-process.mjs').RunOptions} [options]
 */
export async function runPnpm(args, options) {
  const version = pinnedPnpmVersion()
  pnpmOnPath ??= findsPnpmOnPath(version)
  if (await pnpmOnPath) return run('pnpm', args, options)
  const npx = ['exec', '--yes', '--loglevel=error', `--package=pnpm@${version}`, '--', 'pnpm']
  return runNpm([...npx, ...args], options)
}

/** @type {Promise<boolean> | undefined} */
let pnpmOnPath

/** @param {string} version */
async function findsPnpmOnPath(version) {
  const { isGreen, output } = await run('pnpm', ['--version'], {
    // Away from this workspace, whose pin would make another pnpm fetch the pinned one and pass for it.
    cwd: tmpdir(),
    env: { COREPACK_ENABLE_NETWORK: '0' },
    quiet: true,
    timeoutMs: 10_000,
  })
  return isGreen && output === version
}

/** The `packageManager` field of the root's package.json is the one place that pins pnpm. */
function pinnedPnpmVersion() {
  const [, version] =
    /^pnpm@(\d+\.\d+\.\d+)$/.exec(readPackage(root).manifest.packageManager ?? '') ?? []
  if (!version) throw new TaskError('package.json pins no pnpm version under "packageManager"')
  return version
}

function installDigest() {
  const manifests = allPackages().map(({ folder }) => join(folder, 'package.json'))
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml'].map((name) => join(root, name))
  // Some dependencies are binaries, chosen when they are installed.
  return `${process.platform}-${process.arch}-${digestOf([...files, ...manifests])}`
}

/**
 * @param {string} what
 * @param {string} output
 */
export function installFailure(what, output) {
  return NETWORK_TROUBLE.test(output)
    ? new TaskError(
        `${what} cannot reach the npm registry; is there a network?\n${lastLines(output)}`,
      )
    : new TaskError(`${what} failed:\n${lastLines(output)}`)
}

/** @param {string} output */
function lastLines(output) {
  return output.split('\n').slice(-15).join('\n')
}
