import type { AuroraOptions, AuroraPool } from 'aurora-mysql2'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { makeWriter, NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 3 })
const DENIED = 1045
const CONNECT_TIMEOUT = { multipleStatements: false, connectTimeout: 500 }

/** The password changes on the server: no new connection gets in with the old one, open ones live. */
async function rotate(to: string): Promise<void> {
  const { cluster } = scenarios
  // The simulator's readers have an account of their own behind the same name.
  const accounts = await cluster.query("SELECT User FROM mysql.user WHERE User LIKE 'app%'")
  for (const { User } of accounts) await cluster.query(`ALTER USER '${User}' IDENTIFIED BY '${to}'`)
}

afterEach(async () => {
  await rotate(scenarios.cluster.connection.password)
  await makeWriter(scenarios.cluster, 'instance-1')
})

/** A function that tells the password, and how often it was asked. */
function vault() {
  const kept = {
    password: scenarios.cluster.connection.password,
    asked: 0,
    ask: () => {
      kept.asked += 1
      return kept.password
    },
  }
  return kept
}

function write({ ledger, pool }: Scenario) {
  return ledger.keep('query', (unit) => {
    const { sql, values } = ledger.insert(unit)
    return pool.promise().query(sql, [...values])
  })
}

/** Cuts every connection, so that whatever comes has to log in. */
async function cutAll({ cluster, pool }: Scenario): Promise<void> {
  for (const { id } of cluster.instances) await cluster.inject({ type: 'reset', instance: id })
  await eventually('it is noticed', () =>
    pool.aurora.stats().instances.every(({ open }) => open === 0),
  )
}

async function isAskedAgain({ cluster }: Scenario): Promise<void> {
  const before = cluster.writer.counters.topologyQuestions
  await eventually('the monitor is in', () => {
    return cluster.writer.counters.topologyQuestions > before
  })
}

const open = (aurora: AuroraOptions = {}) =>
  scenarios.open({ workers: false, connectionLimit: 4, aurora })

describe('a password that was changed', () => {
  it('in calm: the error surfaces as it is, at once, after one more question for the password', async () => {
    const secret = vault()
    const scenario = await open({ password: secret.ask, refreshIntervalMs: 600_000 })
    expect(await write(scenario)).toBe('acknowledged')
    await rotate('tomorrow')
    await cutAll(scenario)
    await pause(50)
    const before = secret.asked
    const failures = [await write(scenario), await write(scenario)]
    for (const failure of failures)
      expect(failure).toMatchObject({ ending: 'not-run', error: { errno: DENIED } })
    // Once and once more for each of the two, and as much for a question of the monitor beside them.
    expect(secret.asked - before).toBeLessThanOrEqual(8)
    expect(scenario.pool.aurora.stats().failovers).toBeLessThanOrEqual(1)
    secret.password = 'tomorrow'
    expect(await write(scenario)).toBe('acknowledged')
    await scenario.pool.promise().query('SELECT id FROM app.number')
    await scenario.end()
  })

  it('and a function that knows the new one: nobody notices, the monitor neither', async () => {
    let changing = Promise.resolve()
    let password = scenarios.cluster.connection.password
    const scenario = await scenarios.open({
      aurora: { password: () => changing.then(() => password) },
    })
    password = 'tomorrow'
    changing = rotate('tomorrow')
    await cutUnderLoad(scenario)
    await scenario.load.serve(3)
    await isAskedAgain(scenario)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('and a function that learns of it between two questions: the second answer counts', async () => {
    const secret = vault()
    let isStale = false
    const scenario = await open({
      password: () => {
        secret.ask()
        if (!isStale) return secret.password
        // As a token that ran out: the first answer comes from a cache, which is then renewed.
        isStale = false
        return 'yesterday'
      },
    })
    await cutAll(scenario)
    isStale = true
    expect(await write(scenario)).toBe('acknowledged')
    await scenario.end()
  })

  it('under load: what is open goes on, and everything does when the pool learns of it', async () => {
    const secret = vault()
    const scenario = await scenarios.open({ aurora: { password: secret.ask } })
    const { cluster, load } = scenario
    await rotate('tomorrow')
    await cluster.inject({ type: 'reset', instance: 'instance-3' })
    await load.serve(3)
    secret.password = 'tomorrow'
    const before = cluster.instance('instance-3').counters.reads
    await eventually('it serves', () => cluster.instance('instance-3').counters.reads > before)
    await load.serve(3)
    expect(onlyDenied(scenario)).toBe(true)
    // Read when nothing is written any more: what is acknowledged while the table is read is not in it.
    await scenario.end()
    expect(await scenario.ledger.audit(cluster)).toMatchObject({
      lost: [],
      doubled: [],
      denied: [],
    })
  })

  it('written into the config of the pool, where query builders put it', async () => {
    const scenario = await open()
    expect(await write(scenario)).toBe('acknowledged')
    await rotate('tomorrow')
    await cutAll(scenario)
    expect(await write(scenario)).toMatchObject({ error: { errno: DENIED } })
    configOf(scenario.pool).password = 'tomorrow'
    expect(await write(scenario)).toBe('acknowledged')
    await isAskedAgain(scenario)
    await scenario.end()
  })
})

describe('during a failover', () => {
  it('it is told to whoever waits, and the candidates are not stormed with logins', async () => {
    const secret = vault()
    const scenario = await open({ password: secret.ask, failoverTimeoutMs: 1_500 })
    const { cluster } = scenario
    expect(await write(scenario)).toBe('acknowledged')
    await rotate('tomorrow')
    const before = secret.asked
    await cluster.failover({ to: 'instance-2', promoteMs: 200, detectMs: 50, returnMs: 100 })
    const failure = await write(scenario)
    const { error } = failure as { error: Error & { errno?: number; cause?: { errno?: number } } }
    expect(error.errno ?? error.cause?.errno ?? error.message).toBe(DENIED)
    // Each of three instances a few times, with two passwords each, and then once or twice a second.
    expect(secret.asked - before).toBeLessThanOrEqual(40)
    const atFirst = secret.asked
    await pause(1_000)
    expect(secret.asked - atFirst).toBeLessThanOrEqual(12)
    secret.password = 'tomorrow'
    await eventually('it writes', async () => (await write(scenario)) === 'acknowledged')
    expect(cluster.writer.id).toBe('instance-2')
    await isAskedAgain(scenario)
    await scenario.end()
  })

  it('with the new password at hand it is a failover like any other', async () => {
    const secret = vault()
    const scenario = await scenarios.open({ aurora: { password: secret.ask } })
    const { cluster, load } = scenario
    await rotate('tomorrow')
    secret.password = 'tomorrow'
    await cluster.failover({ to: 'instance-2', promoteMs: 200, detectMs: 50, returnMs: 100 })
    await scenario.hears('failoverCompleted')
    await load.serve(3)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})

describe('a password function that does not answer', () => {
  it.each(['throws', 'rejects', 'hangs'] as const)(
    '(%s) fails who needs a new connection, and all is well when it answers again',
    async (how) => {
      const secret = vault()
      let isAway = false
      const scenario = await scenarios.open({
        workers: false,
        connectionLimit: 2,
        aurora: {
          failoverTimeoutMs: 1_000,
          password: () => {
            if (!isAway) return secret.password
            if (how === 'throws') throw new Error('the vault is sealed')
            return how === 'rejects'
              ? Promise.reject(new Error('the vault is away'))
              : new Promise<string>(() => {})
          },
        },
        mysql: CONNECT_TIMEOUT,
      })
      expect(await write(scenario)).toBe('acknowledged')
      isAway = true
      await cutAll(scenario)
      const failures = await Promise.all([write(scenario), write(scenario), write(scenario)])
      for (const failure of failures) expect(failure).toMatchObject({ ending: 'not-run' })
      isAway = false
      await eventually('it serves', async () => (await write(scenario)) === 'acknowledged')
      await scenario.pool.promise().query('SELECT id FROM app.number')
      await isAskedAgain(scenario)
      await scenario.end()
    },
  )
})

/** Each reader after the other, with the load going on. */
async function cutUnderLoad({ cluster, load }: Scenario): Promise<void> {
  for (const { id } of cluster.readers) {
    await cluster.inject({ type: 'reset', instance: id })
    await load.serve(1)
  }
}

function onlyDenied({ ledger, load }: Scenario): boolean {
  const errors = [...ledger.failures, ...load.readFailures].map(({ error }) => error)
  return errors.every((error) => (error as { errno?: number }).errno === DENIED)
}

function configOf(pool: AuroraPool): { password: string } {
  return (pool as unknown as { config: { connectionConfig: { password: string } } }).config
    .connectionConfig
}
