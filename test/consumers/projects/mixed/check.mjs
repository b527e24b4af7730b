import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import * as esm from 'aurora-mysql2'
import * as esmPromise from 'aurora-mysql2/promise'

const require = createRequire(import.meta.url)
const cjs = require('aurora-mysql2')
const cjsPromise = require('aurora-mysql2/promise')

// Within one format the two entry points are one library: what they share is the same object.
assert.equal(esm.AuroraError, esmPromise.AuroraError)
assert.equal(cjs.AuroraError, cjsPromise.AuroraError)

// Across the formats there are one library, which still know each other's errors.
assert.equal(esm.AuroraError, cjs.AuroraError)
for (const { createAuroraPool } of [esm, esmPromise, cjs, cjsPromise]) {
  const error = errorOf(() => createAuroraPool({ aurora: { noSuchOption: 1 } }))
  assert.equal(error.code, 'ERR_AURORA_OPTION')
  assert(error instanceof esm.AuroraError)
  assert(error instanceof cjs.AuroraError)
}

// All of them use the one mysql2 that the application has.
const { default: mysql } = await import('mysql2')
const unreachable = { host: '127.0.0.1', port: 9, user: 'app', password: 'secret' }
for (const { createAuroraPool } of [esm, cjs]) {
  const pool = createAuroraPool(unreachable)
  assert(pool instanceof mysql.Pool)
  await pool.promise().end()
}

function errorOf(run) {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
