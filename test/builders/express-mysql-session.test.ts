import { setTimeout as sleep } from 'node:timers/promises'
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
import { createApp, createStore } from './express-session-app.mjs'
import { expectPromisesKept } from './promises-kept.js'
import { shareOnReaders } from './read-share.js'
import { type Served, serve } from './served.js'

/** So many people, and so many pages of each before the failover and after it. */
const PEOPLE = 6
const PAGES = 12
const READS = 60

interface Me {
  readonly user?: string
  readonly visits: number
}

describe('mysql2', () => {
  const site = useSite(plainAccess)
  worksAsItsManualSays(site)
})

describe('aurora-mysql2', () => {
  const site = useSite((cluster) => ourAccess(cluster, AT_SCALE))
  worksAsItsManualSays(site)

  test('a request may outrun the readers, but not where sessions are read from the writer', async () => {
    const { cluster } = site.simulation
    const lost = await openSite(site.pool, site.pool, { createDatabaseTable: false })
    // Connections to readers, where there are any: what they show is what lags.
    const readSideBySide = ({ store }: Site) =>
      Promise.all(Array.from({ length: 20 }, () => store.length()))
    await readSideBySide(site)
    await eventually('reads are on readers', async () => {
      return (await shareOnReaders(site.simulation, () => readSideBySide(lost))) === 1
    })
    const heal = await cluster.inject({ type: 'lag', lagMs: 2_000 })
    try {
      const userAfterLogin = async ({ origin }: Site) => {
        const browser = new Browser(origin)
        await browser.post('/login/ada')
        return (await browser.get<Me>('/me')).user
      }
      await eventually('a login is not seen', async () => {
        return (await userAfterLogin(lost)) === undefined
      })
      for (let login = 0; login < 10; login += 1) expect(await userAfterLogin(site)).toBe('ada')
    } finally {
      await lost.close()
      await heal()
    }
  })

  test('on the pool, reads reach readers', async () => {
    const readsOnReaders = { inRequests: Number.NaN, outside: Number.NaN }
    const browser = new Browser(site.origin)
    await browser.post('/login/grace')
    const onPool = await openSite(site.pool, site.pool, {
      createDatabaseTable: false,
      disableTouch: true,
    })
    try {
      const me = browser.at(onPool.origin)
      await eventually('the session is on the readers', async () => {
        const share = await shareOnReaders(site.simulation, () => me.get('/me'))
        return share === 1 && (await me.get<Me>('/me')).user === 'grace'
      })
      readsOnReaders.inRequests = await shareOnReaders(site.simulation, async () => {
        for (let read = 0; read < READS; read += 1) {
          expect((await me.get<Me>('/me')).user).toBe('grace')
        }
      })
      readsOnReaders.outside = await shareOnReaders(site.simulation, async () => {
        for (let read = 0; read < READS; read += 1) await onPool.store.length()
      })
      console.log('express-mysql-session on the pool itself, without touch:', readsOnReaders)
    } finally {
      await onPool.close()
    }
    expect(readsOnReaders.inRequests).toBeGreaterThan(0.9)
  })

  test("the application's own reads reach readers", async () => {
    const browser = new Browser(site.origin)
    await browser.post('/login/ada')
    const share = await shareOnReaders(site.simulation, async () => {
      for (let read = 0; read < READS; read += 1) {
        expect(await browser.get('/news')).toEqual({ user: 'ada', news: 'none' })
      }
    })
    // Of two reads in a request one is of the session.
    expect(share).toBeGreaterThan(0.4)
  })

  // The last: afterwards another instance is the writer.
  test('a failover is a pause', async () => {
    const { cluster } = site.simulation
    const ledger = await Ledger.open(cluster, 'visit')
    // What is read from a reader and stored again undoes what was stored meanwhile.
    await cluster.inject({ type: 'lag', lagMs: 50 })
    const readFailures: unknown[] = []
    const work = async (person: number, pages: number) => {
      const browser = people[person] as Browser
      for (let page = 0; page < pages; page += 1) {
        await ledger.keep('visit', ({ id }) => browser.post(`/visit/${id}`))
        await browser.get('/me').catch((error) => readFailures.push(error))
        await sleep(5 * Math.random())
      }
    }
    const people = Array.from({ length: PEOPLE }, () => new Browser(site.origin))
    await Promise.all(people.map((browser, index) => browser.post(`/login/person-${index}`)))
    const load = Promise.all(people.map((_, index) => work(index, PAGES * 2)))
    while (ledger.acknowledgedCount < PEOPLE * PAGES) await sleep(2)
    await cluster.failover({ how: 'crash', detectMs: scaled(100), promoteMs: scaled(400) })
    await load

    for (const browser of people) expect((await browser.get<Me>('/me')).user).toMatch(/person-/)
    await writeVisits(site.simulation)
    const builder = {
      name: 'express-mysql-session',
      npmPackage: 'express-mysql-session',
      wayIn: "`new MySQLStore({}, pool)`, `consistency: 'writer'`",
    }
    const seen = { cluster, ledger, readFailures, readsOnReaders: { inRequests: 0, outside: 0 } }
    await expectPromisesKept(builder, { ...seen, hasStreams: false })
  })
})

interface Site extends Served {
  readonly store: ReturnType<typeof createStore>
}

async function openSite(sessions: Pool, pool: Pool, options: object = {}): Promise<Site> {
  const store = createStore(sessions, options)
  await store.onReady()
  const served = await serve(createApp(store, pool))
  return {
    ...served,
    store,
    async close() {
      await served.close()
      await store.close()
    },
  }
}

interface OpenSite extends Site {
  readonly simulation: Simulation
  readonly pool: Pool
}

/** A cluster and a site on it. With ours its store has a pool that reads from the writer: each page changes the session. */
function useSite(reach: (cluster: Simulation['cluster']) => Access): OpenSite {
  const opened = {} as { -readonly [Key in keyof OpenSite]: OpenSite[Key] }
  let sessions: Pool
  beforeAll(async () => {
    opened.simulation = await simulate()
    const { createPool, connection } = reach(opened.simulation.cluster)
    opened.pool = createPool()
    const { aurora } = connection
    sessions = createPool(aurora ? { aurora: { ...aurora, consistency: 'writer' } } : {})
    Object.assign(opened, await openSite(sessions, opened.pool))
  })
  afterAll(async () => {
    await opened.close?.()
    await Promise.all([sessions.promise().end(), opened.pool.promise().end()])
  })
  return opened
}

function worksAsItsManualSays(site: OpenSite): void {
  test('logs in, visits, and logs out', async () => {
    const browser = new Browser(site.origin)
    expect((await browser.get<Me>('/me')).user).toBeUndefined()
    await browser.post('/login/ada')
    await browser.post('/visit/one')
    await browser.post('/visit/two')
    expect(await browser.get('/me')).toEqual({ user: 'ada', visits: 2 })
    await browser.post('/logout')
    expect((await browser.get<Me>('/me')).user).toBeUndefined()
  })

  test('touches what is used, and forgets what has expired', async () => {
    const { cluster } = site.simulation
    const [used, unused] = [new Browser(site.origin), new Browser(site.origin)]
    await Promise.all([used.post('/login/used'), unused.post('/login/unused')])
    const nowS = Math.round(Date.now() / 1000)
    const expire = (user: string, inS: number) =>
      cluster.query('UPDATE app.sessions SET expires = ? WHERE data LIKE ?', [
        nowS + inS,
        `%"user":"${user}"%`,
      ])
    await expire('used', 30)
    await expire('unused', -30)
    expect((await used.get<Me>('/me')).user).toBe('used')
    expect((await unused.get<Me>('/me')).user).toBeUndefined()
    await eventually('it was touched', async () => {
      const rows = await cluster.query('SELECT expires, data FROM app.sessions')
      return rows.some(
        ({ data, expires }) => `${data}`.includes('"used"') && Number(expires) > nowS + 30,
      )
    })
    await site.store.clearExpiredSessions()
    const users = await cluster.query('SELECT data FROM app.sessions')
    expect(users.filter(({ data }) => `${data}`.includes('used'))).toHaveLength(1)
  })
}

/** Puts what is in the sessions where the ledger looks for it. */
async function writeVisits({ cluster }: Simulation): Promise<void> {
  for (const { data } of await cluster.query('SELECT data FROM app.sessions')) {
    const { visits = [] } = JSON.parse(String(data)) as { readonly visits?: readonly string[] }
    for (const unit of visits) {
      await cluster.query('INSERT INTO app.visit (unit, part) VALUES (?, 0)', [unit])
    }
  }
}
