import mysql from 'mysql2'

/** mysql2's typings leave its classes out. */
const { Connection } = mysql as unknown as { readonly Connection: { readonly prototype: object } }

/** `reset()` and `resetOnRelease` came with mysql2 3.22; without them a connection that must be clean is replaced by another. */
export const HAS_RESET = 'reset' in Connection.prototype
