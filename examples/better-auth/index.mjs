// Better Auth on a cluster: `betterAuth({ database: pool })`, with a promise pool of ours in the place of mysql2's.
//
// `cookieCache` lets the cookie speak for the session in its first minutes: a page that comes right after the login, perhaps in
// another process, needs no reader that has the login already. Without it, give `pool.writer` to be safe there.
//
// What to see: Ada signs up and in; her session is read from readers. The writer crashes in the middle: no session is lost, and
// those who log in meanwhile wait a second.
//
//   node index.mjs   on a real MariaDB or MySQL server from PATH: Better Auth's migrations ask for information_schema.columns

import assert from 'node:assert/strict'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { rehearse } from 'aurora-mysql2-example-rehearsal'
import { startCluster } from 'aurora-mysql2-simulator'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'

// In production there is no simulator: `host` is your cluster endpoint, and nothing else changes.
const cluster = await startCluster({ instances: 3, storage: 'mysqld' })
const pool = createAuroraPool(cluster.connection)

const auth = betterAuth({
  database: pool,
  baseURL: 'http://localhost:3000',
  secret: 'not much of a secret, but long enough',
  emailAndPassword: { enabled: true },
  session: { cookieCache: { enabled: true } },
})
await (await getMigrations(auth.options)).runMigrations()

const ada = { email: 'ada@example.com', password: 'a password of hers' }
// A web application needs no session(): each incoming HTTP request is one by itself.
const { session } = pool.aurora
const signedUp = await session(() =>
  auth.api.signUpEmail({ body: { ...ada, name: 'Ada' }, asResponse: true }),
)
const cookies = signedUp.headers.getSetCookie().map((cookie) => cookie.split(';')[0])
// The cookie that does not speak for the session: as if its first minutes were over.
const headers = new Headers({ cookie: cookies.find((cookie) => cookie.includes('session_token')) })

// Ada looks at pages, and logs in from other devices.
const tokens = []
await rehearse(cluster, {
  request: session,
  read: async () => {
    const who = await auth.api.getSession({ headers })
    assert.equal(who?.user.name, 'Ada')
  },
  write: async () => {
    const { token } = await auth.api.signInEmail({ body: ada })
    tokens.push(token)
  },
  // 'unknown': the session may be stored, or not. She logs in again.
  outcomeOf: (error) => error.aurora?.outcome,
  // All but the one of the sign-up.
  written: 'SELECT COUNT(*) - 1 FROM app.session',
})

await pool.end()
const stored = await cluster.query('SELECT token FROM app.session')
const known = new Set(stored.map(({ token }) => token))
assert.ok(
  tokens.every((token) => known.has(token)),
  'no login is lost',
)
await cluster.close()
