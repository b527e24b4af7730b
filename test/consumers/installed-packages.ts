import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Package name → path of its tarball. */
    tarballs: Record<string, string>
    /** The folder of the consumer projects, with the tarballs installed above them. */
    consumers: string
  }
}

let folder: string | undefined

/**
 * Installs the packed packages with npm, as a user would, in a folder outside of the workspace: nothing there can be
 * found by accident. Every consumer project is a folder in it.
 */
export async function setup(project: TestProject): Promise<void> {
  const { PACKED_PACKAGES } = process.env
  if (!PACKED_PACKAGES) throw new Error('This suite is part of: npm test')
  const tarballs: Record<string, string> = JSON.parse(PACKED_PACKAGES)
  folder = mkdtempSync(join(tmpdir(), 'aurora-mysql2-consumers-'))
  cpSync(join(import.meta.dirname, 'projects'), folder, { recursive: true })
  const dependencies = {
    ...Object.fromEntries(Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`])),
    knex: installedVersion('knex'),
    mysql2: installedVersion('mysql2'),
    '@types/node': installedVersion('@types/node'),
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
  await promisify(execFile)('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], {
    cwd: folder,
    shell: process.platform === 'win32',
  })
  project.provide('tarballs', tarballs)
  project.provide('consumers', folder)
}

/** Removes what `setup` has made, however far it came. */
export function teardown(): void {
  if (folder) rmSync(folder, { recursive: true, force: true })
}

/** The version that the workspace's own tests use. */
function installedVersion(name: string): string {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}
