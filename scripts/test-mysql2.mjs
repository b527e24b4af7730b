import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './child-process.mjs'
import { installFailure, runPnpm } from './install.mjs'
import { isFile, root, TaskError } from './workspace.mjs'

/**
 * Runs the whole suite in a copy of this workspace whose driver and tests use another mysql2. The simulator keeps
 * its own: users install the two side by side, each with the version that it asks for.
 *
 * @param {(line: string) => void} say
 * @param {string | undefined} version a version or a tag of mysql2
 */
export async function testWithMysql2(say, version) {
  if (!version) throw new TaskError('Give a version: npm run test:mysql2 -- 3.17.2')
  const copy = mkdtempSync(join(tmpdir(), 'aurora-mysql2-'))
  try {
    say(`Copying the workspace to ${copy}, with mysql2 ${version}`)
    for (const file of workspaceFiles()) cpSync(join(root, file), join(copy, file))
    const overrides = ['aurora-mysql2', 'aurora-mysql2-test'].map(
      (name) => `  ${name}>mysql2: ${version}\n`,
    )
    appendFileSync(join(copy, 'pnpm-workspace.yaml'), `\noverrides:\n${overrides.join('')}`)
    const lock = await runPnpm(['install', '--lockfile-only', '--no-frozen-lockfile'], {
      cwd: copy,
      quiet: true,
    })
    if (!lock.isGreen) throw installFailure('pnpm install', lock.output)
    return (await run(process.execPath, [join('scripts', 'run.mjs'), 'test'], { cwd: copy }))
      .isGreen
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
