import mysql from 'mysql2'
import { copyOptions } from '../contract/copy-options.js'
import { AuroraError, describeType } from '../contract/errors.js'
import type { PoolConfig } from '../contract/mysql2.js'
import { type AuroraOptions, resolveOptions } from '../contract/options.js'
import { takeOver, underlyingPool } from './adopt-existing-pool.js'
import { CallbackPool } from './callback-pool.js'
import { Engine } from './engine.js'

/** mysql2's options, and one key of ours. */
export type AuroraPoolOptions = mysql.PoolOptions & { readonly aurora?: AuroraOptions }

/** A pool that only makes mysql2 fill in its defaults; it never connects. */
interface SeedPool {
  readonly config: PoolConfig
  _removeIdleTimeoutConnectionsTimer?: NodeJS.Timeout
}

/** What stands in the place of a pool that existed. */
const takenOver = new WeakMap<object, CallbackPool>()

/**
 * Makes the callback pool for any of the three forms. A pool of ours, or one that ours has taken over, is not wrapped again.
 *
 * @throws AuroraError `ERR_AURORA_OPTION`; what mysql2 refuses is refused with mysql2's error
 */
export function makePool(target: unknown, aurora: unknown): CallbackPool {
  const existing = underlyingPool(target)
  if (existing === undefined) return new CallbackPool(makeEngine(target, {}, aurora))
  const known = existing instanceof CallbackPool ? existing : takenOver.get(existing)
  if (known !== undefined) {
    if (aurora === undefined) return known
    const message = 'The pool given is one of createAuroraPool already: its options are chosen'
    throw new AuroraError('ERR_AURORA_OPTION', message)
  }
  if (existing._closed) {
    throw new AuroraError('ERR_AURORA_OPTION', 'The pool given to createAuroraPool has been ended')
  }
  const engine = new Engine(existing.config, resolveOptions(aurora))
  const ours = new CallbackPool(engine)
  engine.onEnd(takeOver(existing, ours))
  takenOver.set(existing, ours)
  // Listeners stay where the application put them, init statements among them, and hear what happens in ours.
  engine.addSurface(existing)
  return ours
}

/** Makes what is behind a pool from mysql2's options or a URI. */
export function makeEngine(
  target: unknown,
  overrides: mysql.PoolOptions,
  aurora?: unknown,
): Engine {
  if (typeof target === 'string') {
    refuseInUri(target)
    return new Engine({ ...configFrom(target), ...overrides } as PoolConfig, resolveOptions(aurora))
  }
  if (typeof target !== 'object' || target === null) {
    throw new AuroraError(
      'ERR_AURORA_OPTION',
      `createAuroraPool needs options, a URI or a mysql2 pool, got ${describeType(target)}`,
    )
  }
  const options: mysql.PoolOptions & { aurora?: AuroraOptions } = copyOptions(target)
  const { aurora: inline, uri } = options
  if (typeof uri === 'string') refuseInUri(uri)
  // Ours never reach mysql2: it complains of keys that it does not know.
  delete options.aurora
  if (inline !== undefined && aurora !== undefined) {
    const message =
      "Options under aurora are given twice: beside mysql2's and as the second argument"
    throw new AuroraError('ERR_AURORA_OPTION', message)
  }
  const resolved = resolveOptions(inline === undefined ? aurora : inline)
  return new Engine(configFrom(Object.assign(options, overrides)), resolved)
}

/** mysql2 would print that it does not know the key, and the option would be lost. */
function refuseInUri(uri: string): void {
  const query = uri.indexOf('?')
  if (query === -1) return
  for (const name of new URLSearchParams(uri.slice(query)).keys()) {
    if (!/^aurora\b/.test(name)) continue
    const message =
      'Options under aurora cannot be given in a URI (?aurora): give them beside it, as { uri, aurora: { … } }'
    throw new AuroraError('ERR_AURORA_OPTION', message)
  }
}

function configFrom(options: string | mysql.PoolOptions): PoolConfig {
  const seed = mysql.createPool(options as mysql.PoolOptions) as unknown as SeedPool
  // Its constructor arms a timer that holds the process when `maxIdle` is below the limit.
  clearTimeout(seed._removeIdleTimeoutConnectionsTimer)
  return seed.config
}
