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
import { setTimeout as sleep } from 'node:timers/promises'
import { createAuroraPool } from 'aurora-mysql2/promise'
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

// What was written there reaches the readers about as fast as they lag.
await sleep(500)

let seen = 0
async function see() {
  const who = await session(() => auth.api.getSession({ headers }))
  assert.equal(who?.user.name, 'Ada')
  seen += 1
}
for (let page = 0; page < 150; page += 1) await see()
console.table(
  cluster.instances.map(({ id, role, counters }) => ({
    instance: id,
    role,
    reads: counters.reads,
    writes: counters.writes,
  })),
  ['instance', 'role', 'reads', 'writes'],
)
const onReaders = cluster.readers.map(({ counters }) => ({ ...counters }))

// The writer crashes; a reader is promoted a second later. Ada looks at pages, and logs in from other devices.
const tokens = []
let unknown = 0
let isOver = false
async function pages() {
  for (; !isOver; await sleep(5)) await see()
}
async function logins() {
  for (; !isOver; await sleep(5)) {
    try {
      const { token } = await session(() => auth.api.signInEmail({ body: ada }))
      tokens.push(token)
    } catch (error) {
      // 'unknown': the session may be stored, or not. She logs in again.
      assert.ok(error.aurora?.outcome, `says what became of it: ${error}`)
      unknown += 1
    }
  }
}
const load = Promise.all([pages(), logins()])
await cluster.failover({ promoteMs: 1000 })
const before = tokens.length
while (tokens.length < before + 3) await sleep(5)
isOver = true
await load

await pool.end()
const stored = await cluster.query('SELECT token FROM app.session')
await cluster.close()

const sum = (numbers) => numbers.reduce((total, each) => total + each, 0)
const known = new Set(stored.map(({ token }) => token))
assert.ok(sum(onReaders.map(({ reads }) => reads)) > 250, 'readers serve the sessions')
assert.equal(sum(onReaders.map(({ writes }) => writes)), 0, 'no write reaches a reader')
assert.ok(
  tokens.every((token) => known.has(token)),
  'no login is lost',
)
console.log(
  `Through a failover: ${seen} pages, none failed; ${tokens.length} logins, ${unknown} in flight when the writer went.`,
)
