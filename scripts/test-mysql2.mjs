import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './child-process.mjs'
import { installFailure, runPnpm } from './install.mjs'
import { isFile, root, TaskError } from './workspace.mjs'

/**
 * Runs all that is tested of the built packages in a copy of this workspace, with another mysql2 under the driver and
 * its tests. As for users, the packages are built with the mysql2 of the lock file, and the simulator keeps its own.
 *
 * @param {(line: string) => void} say
 * @param {string | undefined} version a version or a tag of mysql2
 */
export async function testWithMysql2(say, version) {
  if (!version) throw new TaskError('Give a version: npm run test:mysql2 -- 3.17.2')
  const copy = mkdtempSync(join(tmpdir(), 'aurora-mysql2-'))
  /** @param {string} task */
  const runInCopy = async (task) => {
    const { isGreen } = await run(process.execPath, [join('scripts', 'run.mjs'), task], {
      cwd: copy,
    })
    return isGreen
  }
  try {
    say(`Copying the workspace to ${copy}`)
    for (const file of workspaceFiles()) cpSync(join(root, file), join(copy, file))
    if (!(await runInCopy('build'))) return false
    say(`Replacing mysql2 by ${version}`)
    const names = ['aurora-mysql2', 'aurora-mysql2-test']
    const overrides = names.map((name) => `  ${name}>mysql2: ${version}\n`).join('')
    appendFileSync(join(copy, 'pnpm-workspace.yaml'), `\noverrides:\n${overrides}`)
    const lock = await runPnpm(['install', '--lockfile-only', '--no-frozen-lockfile'], {
      cwd: copy,
      quiet: true,
    })
    if (!lock.isGreen) throw installFailure('pnpm install', lock.output)
    return await runInCopy('test:behaviour')
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** What git tracks or would track, as paths relative to the root. */
function workspaceFiles() {
  const list = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  return [...new Set(list.split('\0'))].filter((file) => file !== '' && isFile(join(root, file)))
}
