import auroraDefault, * as auroraModule from 'aurora-mysql2/mysql2'
import auroraPromiseDefault, * as auroraPromiseModule from 'aurora-mysql2/mysql2/promise'
import mysqlDefault, * as mysqlModule from 'mysql2'
import mysqlPromiseDefault, * as mysqlPromiseModule from 'mysql2/promise'
import { beforeAll, describe, expect, it } from 'vitest'
import { useBench } from './drivers.js'
import { specimens } from './specimens.js'

const bench = useBench()

/** The reading and writing of packets: it belongs to the physical connection underneath. */
const PACKETS = [
  '_command',
  '_commands',
  '_internalId',
  '_isMariaDB',
  '_mariadbExtendedMetadata',
  '_outOfOrderPackets',
  '_paused',
  '_paused_packets',
  'compressedSequenceId',
  'connectTimeout',
  'connectionId',
  'packetParser',
]

/** Node's own mark on what its emitter's constructor has made. */
const EMITTER = 'Symbol(shapeMode)'

/**
 * What mysql2's objects have and ours have not, and why nobody misses it. Whatever mysql2 gets in a later version, and ours has
 * not, is not in this list, and fails.
 */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  PoolConnection: [...PACKETS, EMITTER],
  Connection: [...PACKETS, EMITTER],
  // Set when a command runs; the one that the caller holds never does.
  Query: ['options'],
  'Query of a session': ['options'],
}

/** What mysql2's objects have not, by which tools tell one from another. */
const NOT_THERE: Readonly<Record<string, readonly string[]>> = {
  Pool: ['pool', 'acquire', 'numFree', 'connect', 'then', 'catch', 'unprepare', 'ping', 'threadId'],
  PoolConnection: ['connection', 'then', 'pool'],
  Connection: ['release', '_pool', '_realEnd', 'connection', 'then', 'pool', 'getConnection'],
  PromisePool: ['config', 'threadId', 'promise', 'then', 'connect', 'beginTransaction', 'ping'],
  PromisePoolConnection: ['state', 'then', 'promise', 'pool'],
  PromiseConnection: ['state', 'then', 'promise', 'pool'],
}

/** Every member that can be reached from an object: its own, and those of its classes, down to Node's own. */
function membersOf(value: object): string[] {
  const names = new Set<string>()
  let from: object | null = value
  while (from !== null && from !== Object.prototype) {
    for (const key of Reflect.ownKeys(from)) names.add(String(key))
    from = Object.getPrototypeOf(from)
  }
  return [...names].sort()
}

function missing(theirs: object, ours: object, leftOut: readonly string[] = []): string[] {
  const has = new Set(membersOf(ours))
  return membersOf(theirs).filter((name) => !has.has(name) && !leftOut.includes(name))
}

describe('every member of mysql2', () => {
  let theirs: Record<string, object>
  let ours: Record<string, object>

  beforeAll(async () => {
    theirs = await specimens(bench(), 'mysql2')
    ours = await specimens(bench(), 'ours on three instances, split')
  })

  it.each([
    'Pool',
    'PoolConnection',
    'Connection',
    'PoolCluster',
    'PoolNamespace',
    'PromisePool',
    'PromisePoolConnection',
    'PromiseConnection',
    'PromisePoolCluster',
    'Query',
    'Query of a session',
    'PreparedStatementInfo',
    'PreparedStatementInfo of the promise API',
    'PromisePoolNamespace',
  ])('of %s is there', (name) => {
    expect(missing(theirs[name] ?? {}, ours[name] ?? {}, LEFT_OUT[name])).toEqual([])
  })

  it.each(Object.keys(NOT_THERE))('of %s is all there is', (name) => {
    const given = (on: object | undefined) =>
      (NOT_THERE[name] ?? []).filter(
        (member) => (on as Record<string, unknown>)[member] !== undefined,
      )
    expect(given(theirs[name])).toEqual([])
    expect(given(ours[name])).toEqual([])
  })

  it('is a function where it is one in mysql2', () => {
    for (const [name, mine] of Object.entries(ours)) {
      const other = theirs[name] ?? {}
      for (const member of membersOf(other)) {
        if (typeof (other as Record<string, unknown>)[member] !== 'function') continue
        if (LEFT_OUT[name]?.includes(member)) continue
        expect(typeof (mine as Record<string, unknown>)[member], `${name}.${member}`).toBe(
          'function',
        )
      }
    }
  })

  it('belongs to the same classes', () => {
    const {
      Connection,
      PoolConnection,
      Pool: PoolClass,
      PoolCluster,
    } = mysqlDefault as unknown as Classes
    const { PromiseConnection, PromisePoolConnection, PromisePool } =
      mysqlPromiseDefault as unknown as Classes
    const classes = {
      Connection,
      PoolConnection,
      PoolClass,
      PoolCluster,
      PromiseConnection,
      PromisePoolConnection,
      PromisePool,
    }
    const kinds = (of: Record<string, object>) =>
      Object.entries(of).map(([name, each]) => [
        name,
        each.constructor.name,
        Object.entries(classes).flatMap(([kind, Class]) =>
          each instanceof (Class as never) ? [kind] : [],
        ),
      ])
    expect(kinds(ours)).toEqual(kinds(theirs))
  })
})

type Classes = Readonly<Record<string, (new () => object) | undefined>>

describe('every export', () => {
  it.each([
    ['mysql2', mysqlModule, auroraModule],
    ['mysql2/promise', mysqlPromiseModule, auroraPromiseModule],
  ])('of %s is there by name', (_, theirs, ours) => {
    const names = Object.keys(theirs).filter((name) => name !== 'module.exports')
    expect(names.filter((name) => !(name in ours))).toEqual([])
  })

  it.each([
    ['mysql2', mysqlDefault, auroraDefault],
    ['mysql2/promise', mysqlPromiseDefault, auroraPromiseDefault],
  ])('of %s is there in the default export, and nothing else is', (_, theirs, ours) => {
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort())
  })

  it('is the same thing, but for what makes pools, connections and pool clusters', () => {
    const replaced = ['createPool', 'createConnection', 'createPoolCluster', 'connect']
    const promises = ['createConnectionPromise', 'createPoolPromise', 'createPoolClusterPromise']
    const different = (theirs: object, ours: object) =>
      Object.keys(theirs).filter(
        (name) =>
          (theirs as Record<string, unknown>)[name] !== (ours as Record<string, unknown>)[name],
      )
    expect(different(mysqlDefault, auroraDefault).sort()).toEqual([...replaced, ...promises].sort())
    expect(different(mysqlPromiseDefault, auroraPromiseDefault).sort()).toEqual(
      replaced.slice(0, 3).sort(),
    )
  })

  it('by the promise names of the callback module is ours', () => {
    const theirs = auroraDefault as unknown as Record<string, unknown>
    const own = auroraPromiseDefault as unknown as Record<string, unknown>
    expect(theirs.createPoolPromise).toBe(own.createPool)
    expect(theirs.createConnectionPromise).toBe(own.createConnection)
    expect(theirs.createPoolClusterPromise).toBe(own.createPoolCluster)
  })
})
