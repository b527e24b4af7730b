import type { EventEmitter } from 'node:events'
import mysql, { type Pool } from 'mysql2'
import { connectionOf } from './drivers.js'
import { rejected } from './mysql2-features.js'
import { visible } from './visible.js'

/** A statement, in the forms that mysql2 takes: a text or an object of options, and values beside it. */
export interface Request {
  readonly sql: string | object
  readonly values?: unknown
  /** Only these ways, where mysql2 itself never answers by the others. @default all */
  readonly ways?: readonly string[]
}

/** What came of it: an error, or rows and columns, or what was emitted. */
export type Outcome =
  | { readonly error: unknown }
  | { readonly rows: unknown; readonly fields: unknown }
  | { readonly heard: readonly unknown[] }

const { clearParserCache } = mysql as unknown as { clearParserCache(): void }

type Callback = (error: unknown, rows?: unknown, fields?: unknown) => void

/** `query` and `execute`, as pools and connections have them in the callback API. */
interface Runs {
  query(...args: unknown[]): EventEmitter
  execute(...args: unknown[]): EventEmitter
}

interface Promises {
  query(...args: unknown[]): Promise<[unknown, unknown]>
  execute(...args: unknown[]): Promise<[unknown, unknown]>
}

type Method = 'query' | 'execute'

/** Options are given anew each time: drivers may keep what they are given, and must not share it. */
function argumentsOf({ sql, values }: Request): unknown[] {
  const given = typeof sql === 'string' ? sql : { ...sql }
  return values === undefined ? [given] : [given, values]
}

function calledBack(on: Runs, method: Method, request: Request): Promise<Outcome> {
  return new Promise((resolve) => {
    const done: Callback = (error, rows, fields) =>
      resolve(error ? { error: visible(error) } : { rows: visible(rows), fields: visible(fields) })
    try {
      on[method](...argumentsOf(request), done)
    } catch (error) {
      resolve({ error: { thrown: visible(error) } })
    }
  })
}

async function promised(on: Promises, method: Method, request: Request): Promise<Outcome> {
  try {
    const [rows, fields] = await on[method](...argumentsOf(request))
    return { rows: visible(rows), fields: visible(fields) }
  } catch (error) {
    return { error: rejected(visible(error) as object) }
  }
}

/** Everything that a command without a callback emits, in order. */
export function emitted(start: () => EventEmitter): Promise<Outcome> {
  return new Promise((resolve) => {
    const heard: unknown[] = []
    let command: EventEmitter
    try {
      command = start()
    } catch (error) {
      return resolve({ error: { thrown: visible(error) } })
    }
    for (const event of ['fields', 'result', 'error']) {
      command.on(event, (...args: unknown[]) => heard.push([event, ...args.map(visible)]))
    }
    command.on('end', () => resolve({ heard }))
  })
}

/** What a stream of rows gives, in order. */
function streamed(start: () => EventEmitter): Promise<Outcome> {
  return new Promise((resolve) => {
    const heard: unknown[] = []
    const stream = (start() as EventEmitter & { stream(): EventEmitter }).stream()
    stream.on('data', (row: unknown) => heard.push(visible(row)))
    stream.on('error', (error: unknown) => heard.push({ error: visible(error) }))
    stream.on('close', () => resolve({ heard }))
  })
}

async function onSession<T>(pool: Pool, work: (session: Runs) => Promise<T>): Promise<T> {
  const session = await connectionOf(pool)
  try {
    return await work(session as unknown as Runs)
  } finally {
    session.release()
  }
}

async function onPromiseSession<T>(pool: Pool, work: (session: Promises) => Promise<T>) {
  const session = await pool.promise().getConnection()
  try {
    return await work(session as unknown as Promises)
  } finally {
    session.release()
  }
}

const runs = (pool: Pool) => pool as unknown as Runs
const promises = (pool: Pool) => pool.promise() as unknown as Promises

/** Every way in which an application may run one statement. */
export const WAYS: Readonly<Record<string, (pool: Pool, request: Request) => Promise<Outcome>>> = {
  'pool.query': (pool, request) => calledBack(runs(pool), 'query', request),
  'pool.execute': (pool, request) => calledBack(runs(pool), 'execute', request),
  'pool.query without a callback': (pool, request) =>
    emitted(() => runs(pool).query(...argumentsOf(request))),
  'pool.query().stream()': (pool, request) =>
    streamed(() => runs(pool).query(...argumentsOf(request))),
  'promise pool.query': (pool, request) => promised(promises(pool), 'query', request),
  'promise pool.execute': (pool, request) => promised(promises(pool), 'execute', request),
  'session.query': (pool, request) =>
    onSession(pool, (session) => calledBack(session, 'query', request)),
  'session.execute': (pool, request) =>
    onSession(pool, (session) => calledBack(session, 'execute', request)),
  'session.query without a callback': (pool, request) =>
    onSession(pool, (session) => emitted(() => session.query(...argumentsOf(request)))),
  'session.execute without a callback': (pool, request) =>
    onSession(pool, (session) => emitted(() => session.execute(...argumentsOf(request)))),
  'session.query().stream()': (pool, request) =>
    onSession(pool, (session) => streamed(() => session.query(...argumentsOf(request)))),
  'promise session.query': (pool, request) =>
    onPromiseSession(pool, (session) => promised(session, 'query', request)),
  'promise session.execute': (pool, request) =>
    onPromiseSession(pool, (session) => promised(session, 'execute', request)),
}

/** The ways that send a text: mysql2 loses itself in what a server asks for while it executes a prepared statement. */
export const QUERIES = Object.keys(WAYS).filter((name) => !name.includes('execute'))

/** What comes of a statement, by each way of running it. */
export async function everyWay(pool: Pool, request: Request): Promise<Record<string, Outcome>> {
  const outcomes: Record<string, Outcome> = {}
  // Older versions of mysql2 find a row parser by too short a key, and take one that was made for other options.
  clearParserCache()
  for (const [name, run] of Object.entries(WAYS)) {
    if (request.ways?.includes(name) ?? true) outcomes[name] = await run(pool, request)
  }
  return outcomes
}
