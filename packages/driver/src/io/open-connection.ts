import { connect as connectSocket, type LookupFunction, type Socket } from 'node:net'
import mysql from 'mysql2'
import type { ConnectionConfig, CoreConnection, Transport } from '../contract/mysql2.js'
import type { PasswordTarget } from '../contract/options.js'
import type { Endpoint } from '../model/endpoint.js'
import { lostError } from './connection.js'
import { countBytes } from './count-bytes.js'

/** mysql2's typings hide this constructor's arguments. */
const PoolConnection = mysql.PoolConnection as unknown as new (
  pool: ConnectionOwner,
  options: { readonly config: ConnectionConfig },
) => CoreConnection

/** Idle sockets are probed after so long; Linux waits two hours by itself (Node: socket.setKeepAlive). */
const KEEP_ALIVE_AFTER_MS = 1_000

/** mysql2's default for `connectTimeout`, for where that is switched off. */
const PASSWORD_WITHIN_MS = 10_000

/** By so much later than mysql2's own timer does ours end a connect. */
const AFTER_MYSQL2_MS = 50

/** ER_ACCESS_DENIED_ERROR: the one error after which a password function is asked again. */
const ACCESS_DENIED = 1045

/** What a physical connection belongs to, in the shape that mysql2's PoolConnection calls back. */
export interface ConnectionOwner {
  readonly _closed: boolean
  _removeConnection(connection: unknown): void
  releaseConnection(connection: unknown): void
}

/** How to reach one endpoint. */
export interface ConnectTarget {
  readonly endpoint: Endpoint
  readonly lookup: LookupFunction
  /** The pool's own config, read at each connect: query builders write passwords there. */
  readonly config: ConnectionConfig
  readonly password: ((target: PasswordTarget) => string | Promise<string>) | undefined
  /** Settings of this connection alone. */
  readonly overrides?: Partial<ConnectionConfig>
  /** Given the socket as soon as there is one, so that a connect under way can be cut. */
  readonly onSocket?: (socket: Transport) => void
}

/**
 * Opens one physical connection and waits for its handshake.
 *
 * @throws mysql2's own error, with `fatal` set
 */
export async function openConnection(
  owner: ConnectionOwner,
  target: ConnectTarget,
): Promise<CoreConnection> {
  const { config, password } = target
  if (password === undefined) return handshake(owner, target, config.password)
  const asked: PasswordTarget = { ...target.endpoint, user: config.user }
  const withinMs = config.connectTimeout || PASSWORD_WITHIN_MS
  const logIn = async (): Promise<CoreConnection> => {
    const answer = await askPassword(password, asked, withinMs)
    // Until now there was no socket that could have been cut.
    if (owner._closed) throw lostError('The connection is not wanted any more')
    return handshake(owner, target, answer)
  }
  try {
    return await logIn()
  } catch (error) {
    if ((error as { errno?: unknown }).errno !== ACCESS_DENIED) throw error
    // A signed token may have run out between its making and its use.
    return logIn()
  }
}

async function askPassword(
  ask: (target: PasswordTarget) => string | Promise<string>,
  target: PasswordTarget,
  withinMs: number,
): Promise<string> {
  const password: unknown = await inTime(ask, target, withinMs)
  if (typeof password === 'string') return password
  throw new TypeError(
    `aurora.password must return a string, it returned ${password === null ? 'null' : typeof password}`,
  )
}

/** A connect ends, whatever it waits for: a function that never answers must not hold its place for ever. */
function inTime(
  ask: (target: PasswordTarget) => unknown,
  target: PasswordTarget,
  withinMs: number,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new Error(`aurora.password did not answer within ${withinMs} ms`)
      reject(Object.assign(error, { code: 'ETIMEDOUT', fatal: true }))
    }, withinMs)
    timer.unref()
    Promise.resolve(target)
      .then(ask)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}

function handshake(
  owner: ConnectionOwner,
  target: ConnectTarget,
  password: string | undefined,
): Promise<CoreConnection> {
  return new Promise((resolve, reject) => {
    const config = configFor(target, password)
    const core = new PoolConnection(owner, { config })
    // mysql2 may report the loss of one connection twice; whoever uses the connection hears of it by its own means. After an answer
    // that breaks the protocol it leaves the socket open.
    core.on('error', () => core.stream.destroy())
    const timer = expireConnect(config, core, reject)
    core.connect((error) => {
      clearTimeout(timer)
      if (error !== null && error !== undefined) return reject(asLost(error, config))
      // An idle pool never keeps the process alive; while a statement waits, ProcessHold does.
      core.stream.unref?.()
      resolve(core)
    })
  })
}

function configFor(target: ConnectTarget, password: string | undefined): ConnectionConfig {
  const { config, endpoint } = target
  const own: ConnectionConfig = Object.create(
    Object.getPrototypeOf(config),
    Object.getOwnPropertyDescriptors(config),
  )
  const given = config.stream
  let { onSocket } = target
  Object.assign(own, target.overrides)
  if (config.socketPath === undefined) {
    own.host = endpoint.host
    own.port = endpoint.port
  }
  own.stream = (options: unknown) => {
    const stream = typeof given === 'function' ? given(options) : openSocket(own, target.lookup)
    const socket = countBytes(stream)
    onSocket?.(socket)
    // Whoever connects with a copy of this config has a socket of their own.
    onSocket = undefined
    return socket
  }
  // `password` may be an accessor on the pool's config; each connection keeps what it logged in with.
  Object.defineProperty(own, 'password', {
    value: password,
    writable: true,
    enumerable: true,
    configurable: true,
  })
  return own
}

function openSocket(config: ConnectionConfig, lookup: LookupFunction): Socket {
  if (config.socketPath !== undefined) return connectSocket(config.socketPath)
  return connectSocket({
    host: config.host,
    port: config.port,
    lookup,
    noDelay: true,
    keepAlive: config.enableKeepAlive,
    keepAliveInitialDelay: config.keepAliveInitialDelay ?? KEEP_ALIVE_AFTER_MS,
    ...(config.localAddress === undefined ? {} : { localAddress: config.localAddress }),
  })
}

/** mysql2 before 3.19 watches over the socket's connect alone, not over what must be said then. */
function expireConnect(
  { connectTimeout }: ConnectionConfig,
  core: CoreConnection,
  reject: (error: Error) => void,
): NodeJS.Timeout | undefined {
  if (!(connectTimeout > 0)) return undefined
  const expire = (): void => {
    reject(Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT', fatal: true }))
    core.stream.destroy()
  }
  // After mysql2's own, where it has one.
  return setTimeout(expire, connectTimeout + AFTER_MYSQL2_MS).unref()
}

/** Whatever greets without speaking MySQL's protocol makes mysql2 throw what its parser threw: nobody is there for us. */
function asLost(error: Error, config: ConnectionConfig): Error {
  const { code, errno } = error as { code?: unknown; errno?: unknown }
  const isOfParser = error instanceof RangeError || error instanceof TypeError
  if (!isOfParser && (code !== undefined || errno !== undefined)) return error
  if (!isSayable(config)) return error
  const lost = new Error('Connection lost: what answered does not speak MySQL', { cause: error })
  return Object.assign(lost, { code: 'PROTOCOL_CONNECTION_LOST', fatal: true })
}

/** Whether all that is said at login is text; where it is not, mysql2 fails whoever is there. */
function isSayable({ user, password, database, connectAttributes }: ConnectionConfig): boolean {
  const said: unknown[] = [user, password, database, ...Object.values(connectAttributes ?? {})]
  return said.every((each) => !each || typeof each === 'string' || each instanceof Uint8Array)
}
