// Draws docs/page.png: the page of a cluster under load, seconds after a failover. Needs a build, and Chromium and
// pngquant on PATH.
//
//   node packages/simulator/scripts/draw-page.mjs

import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startCluster, startControl } from 'aurora-mysql2-simulator'
import mysql from 'mysql2/promise'
import { chromium } from 'playwright-core'

const path = fileURLToPath(new URL('../docs/page.png', import.meta.url))
const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim()

const cluster = await startCluster({ storage: 'embedded', clusterName: 'shop' })
const control = await startControl({ cluster })
await cluster.query('CREATE TABLE visits (id INT PRIMARY KEY AUTO_INCREMENT, page VARCHAR(20))')

let isOver = false
const writer = mysql.createPool({ ...cluster.plainConnection, connectionLimit: 6 })
const reader = mysql.createPool({
  ...cluster.plainConnection,
  host: cluster.readerEndpoint,
  connectionLimit: 12,
})
const work = async (pool, sql) => {
  while (!isOver) {
    await pool.query(sql).catch(() => {})
    await sleep(20 + Math.random() * 20)
  }
}
const working = [
  ...Array.from({ length: 4 }, () => work(writer, "INSERT INTO visits (page) VALUES ('home')")),
  ...Array.from({ length: 8 }, () => work(reader, 'SELECT page FROM visits WHERE id = 1')),
]

const FLAGS = ['--headless', '--no-sandbox']
const browser = await chromium.launch({ executablePath, args: FLAGS })
const page = await browser.newPage({ viewport: { width: 1280, height: 880 }, colorScheme: 'light' })
await page.goto(control.url)
await sleep(18_000)
await cluster.failover({ how: 'hang', returnMs: 7000 })
await sleep(22_000)
await cluster.inject({ type: 'lag', instance: 'instance-3', lagMs: 400 })
await sleep(8000)
await cluster.failover({ returnMs: 60_000, dnsMs: 60_000, staleMs: 60_000 })
await sleep(4000)
await page.screenshot({ path })
execFileSync('pngquant', ['--force', '--output', path, '--', path])

isOver = true
await browser.close()
await control.close()
await cluster.close()
await Promise.all(working)
await Promise.all([writer.end(), reader.end()])
