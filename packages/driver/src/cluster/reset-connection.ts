import mysql from 'mysql2'
import type { Command, CoreConnection } from '../contract/mysql2.js'
import type { Connection } from '../io/connection.js'
import { SessionState } from '../io/session-state.js'

/** Collations by mysql2's numbers. Made when a connection is first to be reset: few processes do that as they start. */
let collations: ReadonlyMap<number, string> | undefined

/** Capabilities of the handshake that set something of the session (MySQL internals manual, capability flags). */
const IGNORE_SPACE = 0x0100
const INTERACTIVE = 0x0400
/** What IGNORE_SPACE did to the mode that the server gives its sessions. */
const WITH_IGNORE_SPACE = "sql_mode = CONCAT_WS(',', NULLIF(@@sql_mode, ''), 'IGNORE_SPACE')"

/** Any mention: where it is wrong it costs a read on the writer, nothing else. */
const ISOLATION = /isolation/i

/** Whether the application's `connection` listeners choose an isolation level, as far as it can be seen. */
export function choosesIsolation(core: CoreConnection): boolean {
  return queuedOn(core).some(({ sql }) => typeof sql === 'string' && ISOLATION.test(sql))
}

/**
 * The statements that the application's `connection` listeners have queued on a new connection: after a reset they are sent again.
 * Undefined where they may be followed by others (a callback, a promise), or are something else: such a connection is never reset.
 */
export function initTextsOf(core: CoreConnection): readonly string[] | undefined {
  const texts: string[] = []
  for (const command of queuedOn(core)) {
    const isPlain = command.constructor.name === 'Query' && command.onResult === undefined
    if (!isPlain || command.eventNames().length > 0) return undefined
    texts.push(command.sql)
  }
  return texts
}

function queuedOn({ _command, _commands }: CoreConnection): readonly Command[] {
  const running = (_command ?? undefined) as Command | undefined
  return running === undefined ? _commands.toArray() : [running, ..._commands.toArray()]
}

/** Whether a reset makes this connection what it was when it was opened. Only mysql2 3.22 and later can (`reset`). */
export function canReset(lease: Connection): boolean {
  const { core, initTexts, charsetNumber, database, state } = lease
  if (core.reset === undefined || initTexts === undefined) return false
  // Another limit to idleness was chosen by it.
  if ((core.config.clientFlags & INTERACTIVE) !== 0) return false
  return (
    collationOf(charsetNumber) !== undefined &&
    (database !== undefined || !state.mayHaveLeftDatabase)
  )
}

/**
 * Makes a connection what it was after its handshake and the application's `connection` listeners. COM_RESET_CONNECTION takes the
 * server's character set and mode instead of the handshake's (MySQL bug 97633) and leaves the database (MySQL C API manual,
 * `mysql_reset_connection()`), so these follow.
 *
 * @throws the server's error for the first that fails; the connection is of no use then
 */
export async function resetConnection(lease: Connection): Promise<void> {
  const { core, initTexts = [], database } = lease
  const use = lease.state.mayHaveLeftDatabase ? useOf(database) : []
  const texts = [...handshakesOf(lease), ...use, ...initTexts]
  const answers = [
    new Promise<void>((resolve, reject) => {
      core.reset?.((error) => (error ? reject(error) : resolve()))
    }),
    ...texts.map((text) => runOn(core, text)),
  ]
  await lease.whileAlive(Promise.all(answers))
  lease.state = SessionState.BASE
  lease.leftState = SessionState.BASE
  lease.noteReset()
  lease.isBound = false
  lease.isSoiled = false
}

/** Runs a statement of our own on a connection. */
export function runOn(core: CoreConnection, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    core.query(text, undefined, (error) => (error ? reject(error) : resolve()))
  })
}

/** What the handshake has set. */
function handshakesOf({ core, charsetNumber }: Connection): string[] {
  const collation = collationOf(charsetNumber)
  if (collation === undefined) return []
  const names = `SET NAMES ${collation.split('_')[0]} COLLATE ${collation}`
  const ignoresSpace = (core.config.clientFlags & IGNORE_SPACE) !== 0
  return [ignoresSpace ? `${names}, ${WITH_IGNORE_SPACE}` : names]
}

function collationOf(number: number): string | undefined {
  collations ??= readCollations()
  return collations.get(number)
}

function readCollations(): ReadonlyMap<number, string> {
  // mysql2's typings leave them out. Some have a second, shorter name.
  const { Charsets } = mysql as unknown as { readonly Charsets: Readonly<Record<string, number>> }
  const collationsOnly = Object.entries(Charsets).filter(
    ([name]) => name.includes('_') || name === 'BINARY',
  )
  return new Map(collationsOnly.map(([name, number]) => [number, name.toLowerCase()]))
}

function useOf(database: string | undefined): string[] {
  return database === undefined ? [] : [`USE ${mysql.escapeId(database, true)}`]
}
