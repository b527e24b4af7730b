import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, type ClusterOptions, type Control, startControl } from '../../src/index.js'
import { openCluster } from '../open-cluster.js'
import { browserPath, openBrowser } from './browser.js'

const timings = { detectMs: 20, promoteMs: 50, dnsMs: 200, staleMs: 50, returnMs: 400 }

const toClose: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

async function openControl(
  cluster: Cluster,
  options: { readonly port?: number } = {},
): Promise<Control> {
  const control = await startControl({ cluster, ...options })
  toClose.push(() => control.close())
  return control
}

describe('the page as served', () => {
  it('may load nothing, run nothing but its own, and be framed by nobody', async () => {
    const control = await openControl(await openCluster({ storage: 'embedded' }))
    const { headers } = await fetch(control.url)
    const policy = headers.get('content-security-policy') ?? ''
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
  })

  it('names no other place', async () => {
    const control = await openControl(await openCluster({ storage: 'embedded' }))
    const html = await (await fetch(control.url)).text()
    expect(html).toContain('<div id="app">')
    const places = [...html.matchAll(/(?:src|href|url\(|@import)\W{0,3}((?:https?:)?\/\/[^"')]+)/g)]
    expect(places.map(([, place]) => place)).toEqual([])
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

    /** The page of a new cluster, and all that the browser complains of. */
    async function openPage(
      options: ClusterOptions = {},
      browserOptions: BrowserContextOptions = {},
    ) {
      const cluster = await openCluster({ storage: 'embedded', timings, ...options })
      const control = await openControl(cluster)
      const page = await browser.newPage(browserOptions)
      page.setDefaultTimeout(20_000)
      toClose.push(() => page.close())
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') {
          complaints.push(message.text())
        }
      })
      page.on('pageerror', (error) => complaints.push(error.message))
      const requested: string[] = []
      page.on('request', (request) => requested.push(request.url()))
      await page.goto(control.url)
      await page.locator('tr[data-instance]').first().waitFor()
      return { cluster, control, page, complaints, requested }
    }

    /** Chooses with the arrow key; letters typed slowly, on a busy machine, would each begin a new word. */
    async function stepTo(page: Page, focused: Locator, value: string) {
      const count = await focused.locator('option').count()
      for (let step = 0; step < count && (await focused.inputValue()) !== value; step += 1) {
        await page.keyboard.press('ArrowDown')
      }
      expect(await focused.inputValue()).toBe(value)
    }

    const row = (page: Page, id: string) => page.locator(`tr[data-instance="${id}"]`)

    it('shows a crash that was clicked, the promotion, and the return', async () => {
      const { cluster, control, page, complaints, requested } = await openPage()
      await page.getByRole('button', { name: 'Crash instance-1' }).click()
      await row(page, 'instance-1').getByText('down', { exact: true }).waitFor()
      await row(page, 'instance-2').getByText('writer', { exact: true }).waitFor()
      expect(cluster.writer.id).toBe('instance-2')

      await row(page, 'instance-1').getByText('up', { exact: true }).waitFor()
      await row(page, 'instance-1').getByText('reader', { exact: true }).waitFor()
      const events = page.getByRole('region', { name: 'Events' })
      await events.getByText('instance-2 is promoted, in place of instance-1').waitFor()
      await events.getByText('DNS: the cluster endpoint leads to instance-2').first().waitFor()
      const lane = page.getByRole('img', { name: /^instance-1: / })
      expect(await lane.getAttribute('aria-label')).toMatch(/writer .*, then down .*, then reader/)

      expect(complaints).toEqual([])
      expect(requested.filter((url) => !url.startsWith(control.url))).toEqual([])
    })

    it('injects a fault with its fields, and heals it, by keyboard alone', async () => {
      const { cluster, page } = await openPage()
      const type = page.getByLabel('Fault', { exact: true })
      await type.focus()
      await stepTo(page, type, 'lag')
      await page.keyboard.press('Tab')
      await stepTo(page, page.getByLabel('instance', { exact: true }), 'instance-3')
      await page.keyboard.press('Tab')
      await page.keyboard.type('700')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: /^Heal lag-/ }).waitFor()
      expect(cluster.faults.map(({ fault }) => fault)).toEqual([
        { type: 'lag', instance: 'instance-3', lagMs: 700 },
      ])

      await page.getByRole('button', { name: /^Heal lag-/ }).focus()
      await page.keyboard.press('Enter')
      await page.getByText('Fault lag is over').waitFor()
      expect(cluster.faults).toEqual([])
    })

    it('says what an empty field stands for', async () => {
      const { page } = await openPage()
      const hintOf = (name: string) => page.getByLabel(name).getAttribute('placeholder')
      expect(await hintOf('promoteMs')).toBe('50 ms')
      expect(await hintOf('returnMs')).toBe('400 ms; planned: 0')
    })

    it('keeps what is being typed while the cluster goes on', async () => {
      const { cluster, page } = await openPage()
      await page.getByLabel('Fault', { exact: true }).selectOption('slow')
      const field = page.getByLabel('delayMs')
      await field.pressSequentially('12')
      await cluster.failover({ returnMs: 0 })
      await row(page, 'instance-2').getByText('writer', { exact: true }).waitFor()
      await page.keyboard.type('5')
      expect(await field.inputValue()).toBe('125')
    })

    it('says what the simulator refuses, and why', async () => {
      const { cluster, page } = await openPage()
      await page.getByLabel('Fault', { exact: true }).selectOption('slow')
      await page.getByLabel('delayMs').fill('long')
      await page.getByRole('button', { name: 'Inject slow' }).click()
      const alert = page.getByRole('alert').filter({ hasText: 'delayMs' })
      await alert.waitFor()
      expect(await alert.textContent()).toMatch(/expected .*milliseconds/)
      expect(cluster.faults).toEqual([])
    })

    it('marks what is not so: a wrong row of the topology, and names that lag behind', async () => {
      const { cluster, page } = await openPage({ timings: { ...timings, dnsMs: 600_000 } })
      await cluster.inject({ type: 'two-writers', instance: 'instance-3' })
      const views = page.getByRole('region', { name: 'What each instance says' })
      await views.locator('td.wrong').first().waitFor()
      expect(await views.locator('td.wrong').count()).toBe(3)

      await cluster.failover({ returnMs: 0 })
      const names = page.getByRole('region', { name: 'What DNS says' })
      await names.getByRole('row', { name: cluster.writerEndpoint }).locator('td.wrong').waitFor()
    })

    it('tells that the simulator has gone, and goes on when it is back', async () => {
      const { cluster, control, page } = await openPage()
      const { port } = control
      await control.close()
      await page.getByText('no answer from the simulator').waitFor()
      expect(await page.getByRole('button', { name: 'Crash instance-2' }).isDisabled()).toBe(true)

      await openControl(cluster, { port })
      await page.getByText('live', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Crash instance-2' }).click()
      await row(page, 'instance-2').getByText('down', { exact: true }).waitFor()
    })

    it.each([360, 760, 1000, 1280])('fits a screen of %i pixels', async (width) => {
      const { page } = await openPage({}, { viewport: { width, height: 700 } })
      const tooWide = await page.evaluate(() =>
        [...document.querySelectorAll('html, section')]
          .filter((each) => each.scrollWidth > each.clientWidth)
          .map((each) => each.className || each.tagName),
      )
      expect(tooWide).toEqual([])
    })

    it.each(['light', 'dark'] as const)('is %s where the system is', async (colorScheme) => {
      const { page } = await openPage({}, { colorScheme })
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
      const [red = 0] = ground.match(/\d+/g)?.map(Number) ?? []
      expect(red > 127 ? 'light' : 'dark').toBe(colorScheme)
    })
  })
}
