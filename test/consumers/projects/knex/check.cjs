const assert = require('node:assert/strict')
require('aurora-mysql2')
require('aurora-mysql2/promise')
require('aurora-mysql2/mysql2')

const isKnexLoaded = () =>
  Object.keys(require.cache).some((path) => /node_modules[\\/]knex[\\/]/.test(path))

// Whoever does not use Knex need not have it.
assert.equal(isKnexLoaded(), false)
const { AuroraClient } = require('aurora-mysql2/knex')
assert.equal(isKnexLoaded(), true)
assert.equal(AuroraClient.name, 'Client_MySQL2')
