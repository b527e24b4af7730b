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

/** Where servers are looked for: PATH, then the system's folders for servers. */
export function serverFolders(): readonly string[] {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((each) => each !== '')
  return [...onPath, ...systemFolders]
}

/** The first `mariadbd` or `mysqld` in these folders. */
export async function findServer(
  folders: readonly string[] = serverFolders(),
): Promise<ServerProgram | undefined> {
  for (const folder of folders) {
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
