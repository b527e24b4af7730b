import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ClusterRecord,
  figureTable,
  type LoadRecord,
  type RehearsalRecord,
  reportHtml,
} from '../../src/rehearsal.js'
import { browserPath, openBrowser } from '../page/browser.js'

const hostile = '<img src=x onerror=alert(1)>&"\''

function sample(atMs: number, statements: number) {
  const counts = { connections: 3, reads: statements, writes: 0, errors: 0, statementsCut: 0 }
  return { atMs, instances: [{ id: 'instance-1', statements, ...counts }] }
}

const cluster: ClusterRecord = {
  storage: 'embedded',
  durationMs: 3000,
  samples: [sample(0, 0), sample(1000, 40), sample(2900, 1234)],
  log: [
    { type: 'fault-injected', atMs: 1000, instance: 'instance-1', fault: 'failover', id: 'f-1' },
    { type: 'promoted', atMs: 1500, instance: 'instance-2', from: 'instance-1' },
  ],
  present: [{ id: 'instance-1', role: 'reader' }],
}

const load: LoadRecord = {
  name: hostile,
  requests: [
    { kind: 'read', startedMs: 10, endedMs: 20 },
    { kind: 'write', startedMs: 10, endedMs: 1750 },
    { kind: 'write', startedMs: 30, endedMs: 90, error: hostile },
  ],
  facts: [{ title: 'Writes doubled', value: '0' }],
}

const record: RehearsalRecord = {
  title: `Failover ${hostile}`,
  startedAt: new Date(Date.UTC(2026, 10, 20, 12, 30)),
  runs: [
    { name: hostile, cluster, loads: [load] },
    { name: 'other', cluster, loads: [{ ...load, name: 'other' }] },
  ],
}

const commandRecord: RehearsalRecord = {
  ...record,
  runs: [
    {
      name: 'npm run my-load',
      cluster,
      loads: [],
      command: { words: ['npm', 'run', 'my-load'], ended: { atMs: 1200, how: 'with exit code 7' } },
    },
  ],
}

describe('the report', () => {
  it('shows the figures of the table, side by side', () => {
    const html = reportHtml(record)
    const { rows } = figureTable(record.runs)
    expect(rows).toContainEqual({ title: 'Promotion to first write', cells: ['250 ms', '250 ms'] })
    expect(rows).toContainEqual({ title: 'Statements on instance-1', cells: ['1,234', '1,234'] })
    for (const { title, cells } of rows) {
      expect(html).toContain(`<th scope="row">${title}</th><td>${cells[0]}</td>`)
    }
  })

  it('says what only the cluster could see of a command, and how it ended', () => {
    const html = reportHtml(commandRecord)
    expect(html).toContain('Statements answered')
    expect(html).not.toContain('Requests failed')
    expect(html).toContain('ended by itself with exit code 7')
  })

  it('names what each promotion came after', () => {
    const twice = {
      ...cluster,
      log: [1000, 2000].map((atMs) => ({ type: 'promoted' as const, atMs, from: 'instance-1' })),
    }
    const run = { name: 'demo', cluster: twice, loads: [load], faults: ['Crash', 'Silence'] }
    const { rows } = figureTable([run])
    expect(rows.filter(({ title }) => title.includes('promotion'))).toEqual([
      { title: 'Crash: promotion to first write', cells: ['750 ms'] },
      { title: 'Silence: promotion to first write', cells: ['never'] },
    ])
  })

  it('takes no text for markup', () => {
    const html = reportHtml(record)
    expect(html).not.toContain('<img')
    expect(html).toContain('&lt;img src=x')
  })

  it('runs nothing and loads nothing', () => {
    const html = reportHtml(record)
    expect(html).toContain("default-src 'none'")
    expect(html).not.toContain('<script')
    expect(html).not.toMatch(/(?:src|href)="?(?!data:)\w+:/)
  })
})

// Where there is no browser, browser.ts says so.
if (browserPath !== undefined) {
  describe('in a browser', () => {
    let browser: Browser

    beforeAll(async () => {
      browser = await openBrowser()
    })

    afterAll(() => browser.close())

    it.each([
      ['loads', record],
      ['a command', commandRecord],
    ])('draws %s without a complaint, on a wide and a narrow screen', async (_, each) => {
      const page = await browser.newPage({ viewport: { width: 360, height: 700 } })
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      await page.setContent(reportHtml(each))
      const hidden = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect(hidden).toBe(0)
      await page.setViewportSize({ width: 1280, height: 900 })
      for (const figure of await page.locator('figure svg').all()) {
        expect(await figure.evaluate((svg) => svg.getBoundingClientRect().height)).toBeGreaterThan(
          40,
        )
      }
      // The style sheet is allowed in.
      const weight = await page.evaluate(
        () => getComputedStyle(document.querySelector('h1') as Element).fontWeight,
      )
      expect(weight).toBe('650')
      expect(complaints).toEqual([])
      await page.close()
    })
  })
}
