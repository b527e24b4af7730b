import { AuroraError, createAuroraPool, session } from 'aurora-mysql2'
import auroraMysql from 'aurora-mysql2/mysql2'
import { createAuroraPool as createPromisePool } from 'aurora-mysql2/promise'
import mysql from 'mysql2'
import { afterEach, describe, expect, it, vi } from 'vitest'

afterEach(() => vi.restoreAllMocks())

/** What the constructor throws. */
function refusal(make: () => unknown): AuroraError {
  try {
    make()
  } catch (error) {
    return error as AuroraError
  }
  throw new Error('It was meant to be refused, and was not')
}

const both = [
  ['callback', createAuroraPool],
  ['promise', createPromisePool],
] as const

describe.each(both)('options of the %s API', (_, create) => {
  const withAurora = (aurora: unknown) =>
    refusal(() => create({ host: 'db.example', aurora } as never))

  it('that are unknown are refused with the nearest name', () => {
    const error = withAurora({ faioverTimeoutMs: 1 })
    expect(error).toBeInstanceOf(AuroraError)
    expect(error.code).toBe('ERR_AURORA_OPTION')
    expect(error.message).toContain('aurora.faioverTimeoutMs')
    expect(error.message).toContain('did you mean aurora.failoverTimeoutMs?')
    expect(withAurora({ refreshinterval: 1 }).message).toContain('aurora.refreshIntervalMs')
    expect(withAurora({ qqqqqqqqqqqq: 1 }).message).toContain('known are:')
    expect(withAurora({ constructor: 1 }).code).toBe('ERR_AURORA_OPTION')
    expect(withAurora({ __proto__x: 1 }).code).toBe('ERR_AURORA_OPTION')
  })

  it.each([
    ['discover', 'yes'],
    ['instanceEndpoint', 'no-question-mark'],
    ['instanceEndpoint', '?.?.example'],
    ['lookup', {}],
    ['password', 'a secret'],
    ['balance', 'best'],
    ['maxLagMs', -1],
    ['maxLagMs', Number.NaN],
    ['noReader', 'wait'],
    ['consistency', 'strong'],
    ['refreshIntervalMs', 0],
    ['refreshIntervalMs', '2000'],
    ['urgentIntervalMs', Number.POSITIVE_INFINITY],
    ['failoverTimeoutMs', 2 ** 31],
    ['maxWaiting', 1.5],
    ['maxConnecting', 0],
    ['suspectAfterMs', null],
    ['minIdle', -1],
    ['totalLimit', 0],
    ['totalLimit', 2.5],
    ['totalLimit', '4'],
    ['totalLimit', Number.POSITIVE_INFINITY],
    ['idleAfterMs', []],
  ])('%s: %j is refused with its path, never with what was given for a password', (name, value) => {
    const error = withAurora({ [name]: value })
    expect(error.code).toBe('ERR_AURORA_OPTION')
    expect(error.message).toContain(`aurora.${name}`)
    expect(error.message).not.toContain('secret')
  })

  it.each([
    [0, 'a number'],
    [-2, 'a negative number'],
    ['4', 'a string'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [null, 'null'],
  ])('totalLimit: %j is refused with what was expected, and what it is', (value, type) => {
    const { message } = withAurora({ totalLimit: value })
    expect(message).toBe(`Option aurora.totalLimit must be a whole number, at least 1, got ${type}`)
  })

  it.each([[null], [[]], ['x'], [7], [() => {}]])('aurora: %j is refused', (aurora) => {
    expect(withAurora(aurora).code).toBe('ERR_AURORA_OPTION')
  })

  it.each([[undefined], [null], [7], [true], [() => {}]])(
    '%j instead of options is refused',
    (target) => {
      const error = refusal(() => create(target as never))
      expect(error.code).toBe('ERR_AURORA_OPTION')
    },
  )

  it('may be undefined one by one', () => {
    const pool = create({
      host: 'db.example',
      aurora: { maxLagMs: undefined, lookup: undefined } as never,
    })
    void pool.end()
  })

  it('may stand in a second argument, and are checked there', () => {
    expect(
      refusal(() => create('mysql://a:b@db.example/app', { balanc: 'p2c' } as never)).message,
    ).toContain('aurora.balance')
    void create('mysql://a:b@db.example/app', { balance: 'random' }).end()
    void create({ host: 'db.example' }, { balance: 'random' }).end()
  })

  it('given twice are refused: nobody can say which is meant', () => {
    const error = refusal(() =>
      create({ host: 'db.example', aurora: { balance: 'p2c' } }, { balance: 'random' }),
    )
    expect(error.code).toBe('ERR_AURORA_OPTION')
  })

  it("are mysql2's beside ours: it hears nothing of ours, and complains of what it does not know", () => {
    const complained = vi.spyOn(console, 'error').mockImplementation(() => {})
    void create({ host: 'db.example', aurora: { balance: 'p2c' } }).end()
    expect(complained).not.toHaveBeenCalled()
    void create({ host: 'db.example', nonsense: 1 } as never).end()
    expect(complained.mock.calls.flat().join()).toContain('nonsense')
  })

  it("that mysql2 refuses are refused with mysql2's error", () => {
    const bad = { host: 'db.example', ssl: 'no such profile' }
    const expected = refusal(() => mysql.createPool(bad))
    expect(refusal(() => create(bad)).message).toBe(expected.message)
  })

  it('are not edited', () => {
    const options = Object.freeze({
      host: 'db.example',
      maxIdle: 1,
      aurora: Object.freeze({ balance: 'p2c' as const }),
    })
    void create(options).end()
    expect(Object.keys(options)).toEqual(['host', 'maxIdle', 'aurora'])
  })
})

describe('options of single calls', () => {
  it.each([
    [{ aftr: 'a1.0' }, 'session option aftr; did you mean after?'],
    [{ after: 7 }, 'Option after must be a text that mark() returned'],
    [{ after: 'no mark' }, 'Option after must be a text that mark() returned'],
    [null, 'Option session options must be an object'],
    [[], 'Option session options must be an object'],
  ])('session(fn, %j) is refused, and nothing runs', (options, message) => {
    const work = vi.fn()
    const error = refusal(() => session(work, options as never))
    expect(error.code).toBe('ERR_AURORA_OPTION')
    expect(error.message).toContain(message)
    expect(work).not.toHaveBeenCalled()
  })

  it('session() without a function is refused', () => {
    const error = refusal(() => session({ after: 'a1.0' } as never))
    expect([error.code, error.message]).toEqual([
      'ERR_AURORA_OPTION',
      'Option work must be a function, got an object',
    ])
  })

  it.each([
    [{ timeoutMS: 5 }, 'drain option timeoutMS; did you mean timeoutMs?'],
    [{ timeoutMs: '5' }, 'Option timeoutMs must be a number of milliseconds'],
    [null, 'Option drain options must be an object'],
  ])('drain(%j) is refused, and the pool goes on', async (options, message) => {
    const pool = createAuroraPool({ host: 'db.example' })
    const refused = pool.aurora.drain(options as never)
    await expect(refused).rejects.toMatchObject({ code: 'ERR_AURORA_OPTION' })
    await expect(refused).rejects.toThrow(message)
    expect((pool as unknown as { _closed: boolean })._closed).toBe(false)
    await pool.aurora.drain({ timeoutMs: 0 })
  })

  it.each([
    [{ rol: 'reader' }, 'aurora.rol; did you mean aurora.role?'],
    [[], 'Option aurora must be an object'],
  ])('aurora: %j of a statement is refused', async (aurora, message) => {
    const pool = createPromisePool({ host: 'db.example' })
    const refused = pool.query({ sql: 'SELECT 1', aurora } as never)
    await expect(refused).rejects.toMatchObject({ code: 'ERR_AURORA_OPTION' })
    await expect(refused).rejects.toThrow(message)
    await pool.end()
  })
})

describe('a URI', () => {
  it.each([
    ['createAuroraPool', createAuroraPool],
    ['createAuroraPool of the promise API', createPromisePool],
    ['createPool', auroraMysql.createPool],
    ['createConnection', auroraMysql.createConnection],
    [
      'add() of a pool cluster',
      (target: never) => auroraMysql.createPoolCluster().add('ONE', target),
    ],
  ])('has no place for ours: %s says where that is', (_, make) => {
    const uri = 'mysql://me:secret@db.example/shop?aurora={"balance":"random"}'
    for (const target of [
      uri,
      { uri },
      `${uri}&connectionLimit=3`,
      uri.replace('=', '.balance='),
    ]) {
      const error = refusal(() => make(target as never))
      expect(error.code).toBe('ERR_AURORA_OPTION')
      expect(error.message).toContain('{ uri, aurora: { … } }')
      expect(error.message).not.toContain('secret')
    }
  })

  it('that is refused leaves no node in a pool cluster', () => {
    const cluster = auroraMysql.createPoolCluster()
    for (const target of [
      'mysql://db.example/shop?aurora=1',
      { host: 'db.example', aurora: { balanc: 'random' } },
    ])
      refusal(() => cluster.add('ONE', target as never))
    expect((cluster as unknown as { _nodes: object })._nodes).toEqual({})
  })

  it('may name a schema, and options of mysql2, as it likes', () => {
    const complained = vi.spyOn(console, 'error').mockImplementation(() => {})
    const pool = createAuroraPool('mysql://me:pw@db.example/aurora?connectionLimit=3')
    expect((pool as unknown as { config: object }).config).toMatchObject({ connectionLimit: 3 })
    pool.end()
    createAuroraPool('mysql://me:pw@db.example/shop?auroras=1').end()
    expect(complained.mock.calls.flat().join()).toContain('auroras')
  })

  it('gives host, port, user, database and options, as in mysql2', () => {
    const uri = 'mysql://me:pw@db.example:3307/shop?connectionLimit=3&dateStrings=true'
    const pool = createAuroraPool(uri) as unknown as {
      config: Record<string, unknown> & { connectionConfig: Record<string, unknown> }
      end(): void
    }
    const plain = mysql.createPool(uri) as unknown as typeof pool
    for (const name of ['host', 'port', 'user', 'password', 'database', 'dateStrings'])
      expect(pool.config.connectionConfig[name]).toEqual(plain.config.connectionConfig[name])
    expect(pool.config.connectionLimit).toBe(3)
    expect(pool.config.maxIdle).toBe(plain.config.maxIdle)
    pool.end()
    plain.end()
  })
})
