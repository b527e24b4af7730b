// A user's own load: it knows the cluster from its environment only. It writes its process id to the file given, and
// ends at the first error when told so.
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import mysql from 'mysql2/promise'

const [pidFile, mode] = process.argv.slice(2)
if (pidFile) writeFileSync(pidFile, String(process.pid))

const pool = mysql.createPool(process.env.DATABASE_URL)
await pool.query('CREATE TABLE IF NOT EXISTS visits (id INT AUTO_INCREMENT PRIMARY KEY, page INT)')
for (let page = 0; ; page += 1) {
  try {
    await pool.query('INSERT INTO visits (page) VALUES (?)', [page])
    await pool.query('SELECT id, page FROM visits ORDER BY id DESC LIMIT 3')
  } catch (error) {
    if (mode === 'fragile') throw error
  }
  await sleep(5)
}
