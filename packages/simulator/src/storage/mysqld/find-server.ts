import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** A database server found on this machine. */
export interface ServerProgram {
  readonly path: string
  readonly flavour: 'mariadb' | 'mysql'
  /** As the program itself prints it; keys the prepared data directory. */
  readonly version: string
}

const names = ['mariadbd', 'mysqld']
// Distributions install servers here, and ordinary users' PATHs leave it out.
const systemFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec']

/** The first `mariadbd` or `mysqld` on PATH or in the system's folders for servers. */
export async function findServer(): Promise<ServerProgram | undefined> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...systemFolders]
  for (const folder of folders.filter((each) => each !== '')) {
    for (const name of names) {
      const path = join(folder, name)
      const isExecutable = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (isExecutable) return describe(path)
    }
  }
  return undefined
}

async function describe(path: string): Promise<ServerProgram> {
  const { stdout } = await promisify(execFile)(path, ['--no-defaults', '--version'])
  const version = stdout.trim()
  return { path, flavour: /mariadb/i.test(version) ? 'mariadb' : 'mysql', version }
}
