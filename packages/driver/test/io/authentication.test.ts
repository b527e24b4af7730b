import auroraMysql from 'aurora-mysql2/mysql2'
import mysql, { type PoolOptions } from 'mysql2'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LoginServer, type Question } from './login-server.js'

const modules = { mysql2: mysql, ours: auroraMysql as typeof mysql }

const CLEAR = 'mysql_clear_password'

/** A plugin of the application's own, which is asked twice. */
const signing =
  () =>
  (data: Buffer): Buffer =>
    Buffer.from(`signed ${data}`)

/** One that says the password of the factor that is asked for; mysql2's own says the first every time. */
const saying: NonNullable<PoolOptions['authPlugins']>[string] = (metadata) => () =>
  Buffer.from(
    (metadata as unknown as { connection: { config: { password: string } } }).connection.config
      .password,
  )

interface Login {
  readonly questions: readonly Question[]
  readonly options: PoolOptions
}

const own: readonly Question[] = [
  { ask: 'switch', plugin: 'signing', data: 'first', answer: 'signed first' },
  { ask: 'more', data: 'second', answer: 'signed second' },
]

const clear: readonly Question[] = [
  { ask: 'switch', plugin: CLEAR, data: '', answer: 'open sesame\0' },
]

/** Who gets in. */
const welcome: Readonly<Record<string, Login>> = {
  authPlugins: { questions: own, options: { authPlugins: { signing } } },
  'authPlugins that take their time': {
    questions: own,
    options: {
      authPlugins: { signing: () => (data) => Promise.resolve(signing()(data)) },
    } as PoolOptions,
  },
  authSwitchHandler: {
    questions: own,
    options: {
      authSwitchHandler: (
        { pluginData }: { pluginData: Buffer },
        done: (error: null, data: Buffer) => void,
      ) => done(null, signing()(pluginData)),
    },
  },
  enableCleartextPlugin: {
    questions: clear,
    options: { password: 'open sesame', enableCleartextPlugin: true },
  },
  'password1, password2 and password3': {
    questions: [
      { ask: 'switch', plugin: 'saying', data: '', answer: 'one' },
      { ask: 'next factor', plugin: 'saying', data: '', answer: 'two' },
      { ask: 'next factor', plugin: 'saying', data: '', answer: 'three' },
    ],
    options: {
      password1: 'one',
      password2: 'two',
      password3: 'three',
      authPlugins: { saying },
    },
  },
}

/** Who does not, and hears why. */
const unwelcome: Readonly<Record<string, Login>> = {
  'a plugin that nobody has': { questions: own, options: {} },
  'a plugin that fails': {
    questions: own,
    options: {
      authPlugins: {
        signing: () => () => {
          throw new Error('No key')
        },
      },
    },
  },
  'a plugin that rejects': {
    questions: own,
    options: {
      authPlugins: { signing: () => () => Promise.reject(new Error('No key')) },
    } as PoolOptions,
  },
  'a password in the clear that was not asked for': {
    questions: clear,
    options: { password: 'open sesame' },
  },
  'a wrong answer': {
    questions: own,
    options: { authPlugins: { signing: () => () => Buffer.from('forged') } },
  },
}

let server: LoginServer | undefined

afterEach(() => server?.close())

async function targetOf({ questions, options }: Login): Promise<PoolOptions> {
  server = new LoginServer(questions)
  const port = await server.listen()
  return { host: '127.0.0.1', port, user: 'app', ...options }
}

describe.each(Object.entries(modules))('a login by %s', (_, module) => {
  it.each(Object.entries(welcome))('with %s', async (__, login) => {
    // mysql2 says that the handler is deprecated.
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const target = await targetOf(login)
    const pool = module.createPool(target).promise()
    const rows = await Promise.all([1, 2, 3].map(() => pool.query('SELECT 1 AS one')))
    expect(rows.map(([each]) => each)).toEqual([[{ one: 1 }], [{ one: 1 }], [{ one: 1 }]])
    const connection = module.createConnection(target)
    expect((await connection.promise().query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }])
    await new Promise<void>((resolve) => connection.end(() => resolve()))
    await pool.end()
    const answers = login.questions.map(({ answer }) => answer)
    // Whatever asks where the cluster is may be ended with its pool before it is let in.
    const logins = server?.logins.filter(({ length }) => length > 0) ?? []
    expect(logins.length).toBeGreaterThanOrEqual(4)
    for (const given of logins) expect(given).toEqual(answers.slice(0, given.length))
    warn.mockRestore()
  })
})

describe('a login that comes to nothing for', () => {
  it.each(Object.entries(unwelcome))('%s fails as in mysql2', async (_, login) => {
    const failures: unknown[] = []
    for (const module of [modules.mysql2, modules.ours]) {
      const target = await targetOf(login)
      const pool = module.createPool(target)
      // Older versions let a password in the clear out.
      const failure = await new Promise<unknown>((resolve) => pool.query('SELECT 1', resolve))
      const { message, code, errno, fatal } = (failure ?? {}) as Record<string, unknown>
      failures.push({ message, code, errno, fatal })
      await pool.promise().end()
      await server?.close()
    }
    const [expected, actual] = failures
    expect(actual).toEqual(expected)
  })
})
