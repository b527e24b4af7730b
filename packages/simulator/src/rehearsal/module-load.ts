import { createRequire } from 'node:module'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuiltInLoad, LoadPool } from './built-in-load.js'

interface ModulePool extends LoadPool {
  /** Of a pool with callbacks. */
  promise?(): LoadPool
  /** Of a pool that knows what belongs to one request. */
  readonly aurora?: { session(work: () => Promise<void>): Promise<void> }
}

type CreatePool = (options: object) => ModulePool

/** The driver whose pools find the cluster's instances, and so its names, by themselves. */
const clusterAware = /^aurora-mysql2(\/|$)/

const connectionLimit = 16

/**
 * The built-in load on a pool of a module shaped like mysql2 or mysql2/promise.
 *
 * @param specifier as in an import; found from `folder`
 */
export async function moduleLoad(
  specifier: string,
  folder: string = process.cwd(),
): Promise<BuiltInLoad> {
  const createPool = await createPoolOf(specifier, folder)
  return {
    name: specifier,
    open(cluster) {
      const connection = clusterAware.test(specifier) ? cluster.connection : cluster.plainConnection
      const pool = createPool({ ...connection, connectionLimit })
      const { aurora } = pool
      return {
        pool: pool.promise?.() ?? pool,
        // What a web application gets from its HTTP server by itself.
        ...(aurora ? { inRequest: (work) => aurora.session(work) } : {}),
      }
    },
  }
}

async function createPoolOf(specifier: string, folder: string): Promise<CreatePool> {
  const module = await load(specifier, folder)
  const { createPool } = { ...module.default, ...module }
  if (typeof createPool === 'function') return createPool
  throw new TypeError(
    `module: expected one that exports createPool, as mysql2 does; '${specifier}' exports none`,
  )
}

type PoolModule = { createPool?: CreatePool; default?: { createPool?: CreatePool } }

async function load(specifier: string, folder: string): Promise<PoolModule> {
  const { resolve } = createRequire(join(folder, 'package.json'))
  let path: string
  try {
    path = resolve(specifier)
  } catch {
    throw new TypeError(`module: '${specifier}' cannot be found from ${folder}`)
  }
  return import(isAbsolute(path) ? pathToFileURL(path).href : path)
}
