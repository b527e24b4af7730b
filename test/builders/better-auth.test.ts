import type { RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuroraPool } from 'aurora-mysql2'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import type { Pool } from 'mysql2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  eventually,
  type Simulation,
  scaled,
  simulate,
} from '../../packages/driver/test/simulation.js'
import { Ledger } from '../failover/ledger.js'
import { AT_SCALE } from '../failover/scenario.js'
import { type Access, ourAccess, plainAccess } from './access.js'
import { Browser } from './browser.js'
import { expectPromisesKept } from './promises-kept.js'
import { shareOnReaders } from './read-share.js'
import { type Served, serve } from './served.js'

const READS = 60
const WORKERS = 4
/** So many log in before the failover, and as many after it. */
const LOGINS = 40

const ADA = { email: 'ada@example.com', password: 'a password of hers', name: 'Ada' }
const SIGN_IN = '/api/auth/sign-in/email'
const SESSION = '/api/auth/get-session'

type Who = { readonly user: { readonly name: string } } | null

describe('mysql2', () => {
  const site = useSite(plainAccess)
  worksAsItsManualSays(site)
})

describe('aurora-mysql2', () => {
  const site = useSite((cluster) => ourAccess(cluster, AT_SCALE))
  worksAsItsManualSays(site)
  const readsOnReaders = { inRequests: Number.NaN, outside: Number.NaN }
  let headers: Headers
  const whoIsIt = () => site.auth.api.getSession({ headers })

  beforeAll(async () => {
    const browser = new Browser(site.origin)
    await browser.post(SIGN_IN, ADA)
    headers = new Headers({ cookie: browser.cookieHeader })
    await eventually('it is on the readers', async () => {
      return (await shareOnReaders(site.simulation, whoIsIt)) === 1
    })
  })

  test('sessions are read from readers, each in a request of its own', async () => {
    readsOnReaders.inRequests = await shareOnReaders(site.simulation, async () => {
      for (let read = 0; read < READS; read += 1) {
        expect((await site.access.request(whoIsIt))?.user.name).toBe('Ada')
      }
    })
  })

  test('sessions are read from readers outside of any request', async () => {
    readsOnReaders.outside = await shareOnReaders(site.simulation, async () => {
      for (let read = 0; read < READS; read += 1) {
        expect((await whoIsIt())?.user.name).toBe('Ada')
      }
    })
  })

  test('a request may outrun the readers, but not with a cookie cache, and not on the writer', async () => {
    const cached = await openSite(site.pool, { session: { cookieCache: { enabled: true } } })
    const nameAfterLogin = async ({ origin }: Site) => {
      const browser = new Browser(origin)
      await browser.post(SIGN_IN, ADA)
      return (await browser.get<Who>(SESSION))?.user.name
    }
    await Promise.all(Array.from({ length: 20 }, () => site.access.request(whoIsIt)))
    const heal = await site.simulation.cluster.inject({ type: 'lag', lagMs: 2_000 })
    try {
      await eventually('a login is not seen', async () => {
        expect(await nameAfterLogin(cached)).toBe('Ada')
        expect(await nameAfterLogin(site.onWriter)).toBe('Ada')
        return (await nameAfterLogin(site)) === undefined
      })
    } finally {
      await Promise.all([heal(), cached.close()])
    }
  })

  // The last: afterwards another instance is the writer.
  test('a failover is a pause', async () => {
    const { cluster } = site.simulation
    const ledger = await Ledger.open(cluster, 'visit')
    const readFailures: unknown[] = []
    let isStopping = false
    const work = async () => {
      while (!isStopping) {
        await ledger.keep('sign-in', ({ id }) =>
          site.access.request(() =>
            site.auth.api.signInEmail({ body: ADA, headers: new Headers({ 'user-agent': id }) }),
          ),
        )
        await site.access
          .request(whoIsIt)
          .then((who) => who ?? readFailures.push('nobody'))
          .catch((error) => readFailures.push(error))
        await sleep(5 * Math.random())
      }
    }
    const written = async (count: number) => {
      const goal = ledger.acknowledgedCount + count
      while (ledger.acknowledgedCount < goal) await sleep(2)
    }
    const load = Promise.all(Array.from({ length: WORKERS }, work))
    await written(LOGINS)
    await cluster.failover({ how: 'crash', detectMs: scaled(100), promoteMs: scaled(400) })
    await written(LOGINS)
    isStopping = true
    await load

    await cluster.query(
      "INSERT INTO app.visit (unit, part) SELECT userAgent, 0 FROM app.session WHERE userAgent LIKE 'sign-in-%'",
    )
    const builder = {
      name: 'Better Auth',
      npmPackage: 'better-auth',
      wayIn: '`betterAuth({ database: pool.promise() })`',
    }
    const seen = { cluster, ledger, readFailures, readsOnReaders }
    await expectPromisesKept(builder, { ...seen, hasStreams: false })
  })
})

interface Site extends Served {
  readonly auth: ReturnType<typeof createAuth>
}

function createAuth(pool: Pool, baseURL: string, options: object) {
  return betterAuth({
    database: pool.promise() as never,
    baseURL,
    secret: 'not much of a secret, but long enough',
    emailAndPassword: {
      enabled: true,
      // Quick: not what is tested here.
      password: {
        hash: async (password) => `hash of ${password}`,
        verify: async ({ hash, password }) => hash === `hash of ${password}`,
      },
    },
    ...options,
  })
}

async function openSite(pool: Pool, options: object = {}): Promise<Site> {
  let listener: RequestListener = () => {}
  const served = await serve((request, response) => listener(request, response))
  const auth = createAuth(pool, served.origin, options)
  listener = toNodeHandler(auth)
  return { ...served, auth }
}

interface OpenSite extends Site {
  /** The same on the writer, where no request outruns the readers. */
  readonly onWriter: Site
  readonly simulation: Simulation
  readonly access: Access
  readonly pool: Pool
}

/** A cluster, Better Auth's tables in it, made by itself, and a site on it where Ada has signed up. */
function useSite(reach: (cluster: Simulation['cluster']) => Access): OpenSite {
  const opened = {} as { -readonly [Key in keyof OpenSite]: OpenSite[Key] }
  beforeAll(async () => {
    opened.simulation = await simulate()
    opened.access = reach(opened.simulation.cluster)
    opened.pool = opened.access.createPool()
    const { writer = opened.pool } = opened.pool as Partial<AuroraPool>
    opened.onWriter = await openSite(writer)
    Object.assign(opened, await openSite(opened.pool))
    await (await getMigrations(opened.auth.options)).runMigrations()
    await new Browser(opened.origin).post('/api/auth/sign-up/email', ADA)
  })
  afterAll(async () => {
    await opened.close?.()
    await opened.onWriter?.close()
    await opened.pool.promise().end()
  })
  return opened
}

function worksAsItsManualSays(site: OpenSite): void {
  test('signs up, in and out', async () => {
    const browser = new Browser(site.onWriter.origin)
    const grace = { email: 'grace@example.com', password: 'a password too', name: 'Grace' }
    await browser.post('/api/auth/sign-up/email', grace)
    const seen = () => browser.get<Who>(SESSION)
    expect((await seen())?.user.name).toBe('Grace')
    await browser.post('/api/auth/sign-out', {})
    expect(await seen()).toBeNull()
    await browser.post(SIGN_IN, grace)
    expect((await seen())?.user.name).toBe('Grace')
  })

  test('refuses a wrong password, and a second account for one address', async () => {
    const browser = new Browser(site.onWriter.origin)
    await expect(browser.post(SIGN_IN, { ...ADA, password: 'guessed' })).rejects.toMatchObject({
      code: 'INVALID_EMAIL_OR_PASSWORD',
    })
    await expect(browser.post('/api/auth/sign-up/email', ADA)).rejects.toMatchObject({
      code: 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL',
    })
  })
}
