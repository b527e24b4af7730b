// How long a new process waits for its first row, from the making of the pool on. Given the contestant as JSON in the first
// argument; prints one line of JSON.

import { openContestant, READ } from './contestants.mjs'

const setup = JSON.parse(process.argv[2])
// What importing costs is measured by itself.
await import(setup.contestant === 'mysql2' ? 'mysql2/promise' : 'aurora-mysql2/promise')
const fromMs = performance.now()
const client = await openContestant({ ...setup, isLazy: true })
await client.query(READ, [1])
process.stdout.write(JSON.stringify({ tookMs: performance.now() - fromMs }))
process.exit()
