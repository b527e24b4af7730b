import { AuroraError, createAuroraPool } from 'aurora-mysql2'
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
    ['idleAfterMs', []],
  ])('%s: %j is refused with its path, never with what was given for a password', (name, value) => {
    const error = withAurora({ [name]: value })
    expect(error.code).toBe('ERR_AURORA_OPTION')
    expect(error.message).toContain(`aurora.${name}`)
    expect(error.message).not.toContain('secret')
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

describe('a URI', () => {
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
