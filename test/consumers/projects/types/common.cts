import aurora = require('aurora-mysql2')
import auroraPromise = require('aurora-mysql2/promise')
import simulator = require('aurora-mysql2-simulator')

const pool = aurora.createAuroraPool({ host: 'db.example.com' })
const promisePool = auroraPromise.createAuroraPool({ host: 'db.example.com' })
const cluster = simulator.startCluster({ instances: 1, storage: 'embedded' })

export = { pool, promisePool, cluster }
