import { createRequire } from 'node:module'
import mysql from 'mysql2'

/** mysql2's typings leave its classes out. */
const { Connection } = mysql as unknown as { readonly Connection: { readonly prototype: object } }

/** `reset()` and `resetOnRelease` came with mysql2 3.22; without them a connection that must be clean is replaced by another. */
export const HAS_RESET = 'reset' in Connection.prototype

const { version } = createRequire(import.meta.url)('mysql2/package.json') as { version: string }
const [, minor = 0] = version.split('.').map(Number)

/** It publishes a trace of each query since 3.20. */
export const TRACES_ATTEMPTS = minor >= 20
