import { readFileSync } from 'node:fs'
import * as auroraMysql2 from 'aurora-mysql2'
import * as mysqlShaped from 'aurora-mysql2/mysql2/promise'
import * as promiseApi from 'aurora-mysql2/promise'
import { type Cluster, startCluster } from 'aurora-mysql2-simulator'
import mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveOptions } from '../../packages/driver/src/contract/options.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const pages = {
  'README.md': read('README.md'),
  'packages/driver/README.md': read('packages/driver/README.md'),
}

describe.each(Object.entries(pages))('%s', (_, page) => {
  it('lists every option with its default', () => {
    const listed = Object.fromEntries(
      rows(sectionOf(page, 'Options')).map(([key, value]) => [key, value]),
    )
    const { instanceEndpoint, lookup, password, totalLimit, ...plain } = resolveOptions(undefined)
    const expected = Object.entries(plain).map(([key, value]) => [
      `\`${key}\``,
      `\`${typeof value === 'string' ? `'${value}'` : value}\``,
    ])
    expect(listed).toEqual({
      ...Object.fromEntries(expected),
      // Without a value of their own: the default is what happens then, in words.
      '`instanceEndpoint`': 'derived from `host`',
      '`lookup`': '`dns.lookup`',
      '`password`': "mysql2's `password`",
      '`totalLimit`': 'none',
    })
    for (const value of [instanceEndpoint, lookup, password, totalLimit])
      expect(value).toBeUndefined()
  })

  it('lists every event, and every member of `pool.aurora`', () => {
    const events = membersOf('contract/events.ts', 'AuroraEventMap').map((name) => `\`${name}\``)
    const members = membersOf('pool/aurora-control.ts', 'AuroraControl')
    const section = sectionOf(page, "Beside mysql2's pool")
    const listed = rows(section).map(([name]) => name)
    expect(listed).toEqual(expect.arrayContaining(events))
    for (const member of members)
      expect(section).toMatch(new RegExp(`\`pool\\.aurora\\.${member}\\b`))
  })

  it('lists every error code and no other', () => {
    const codes = read('packages/driver/src/contract/errors.ts').matchAll(/\| '(ERR_AURORA_\w+)'/g)
    const declared = [...codes].map(([, code]) => `\`${code}\``)
    const listed = rows(sectionOf(page, 'Errors')).map(([code]) => code)
    expect(listed.sort()).toEqual(declared.sort())
  })
})

it('says the same on the npm page as in the repository', () => {
  const [root, npm] = Object.values(pages).map(sections) as [
    Map<string, string>,
    Map<string, string>,
  ]
  const shared = [...npm.keys()].filter((heading) => heading !== '')
  expect(shared.length).toBeGreaterThan(8)
  for (const heading of shared) {
    const here = (npm.get(heading) ?? '')
      .replaceAll('](../../', '](')
      .replace(' in the repository,', ',')
    expect(here.replace('\nApache-2.0.\n', '').trim()).toBe(root.get(heading)?.trim())
  }
})

describe('the samples run', () => {
  const samples = [...pages['README.md'].matchAll(/```js\n([\s\S]*?)```/g)].map(
    ([, code]) => code ?? '',
  )
  const opened: { end(): Promise<void> }[] = []
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await startCluster({ storage: 'embedded' })
    await cluster.query(
      'CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, item VARCHAR(100) NOT NULL)',
    )
  })

  afterAll(() => cluster.close())

  it('there are some', () => {
    expect(samples.length).toBeGreaterThan(3)
  })

  it.each(samples.map((code) => [titleOf(code), code]))('%s', async (_, code) => {
    const modules: Record<string, unknown> = {
      'aurora-mysql2': auroraMysql2,
      'aurora-mysql2/promise': {
        createAuroraPool: (...args: Parameters<typeof promiseApi.createAuroraPool>) => {
          const pool = promiseApi.createAuroraPool(...args)
          opened.push(pool)
          return pool
        },
      },
      'aurora-mysql2/mysql2/promise': mysqlShaped,
      'mysql2/promise': { default: mysql },
    }
    // The names of the sample are in no DNS: the cluster's connection stands in for the four lines that say where it is.
    const isMysql2 = code.includes("from 'mysql2/promise'")
    const connection = isMysql2 ? cluster.plainConnection : cluster.connection
    try {
      const orders = await run(code, modules, connection)
      // The sample that ends with a read of what it wrote has read it.
      if (orders !== undefined) expect(orders).toMatchObject([{ item: 'tea' }])
    } finally {
      await Promise.all(opened.splice(0).map((pool) => pool.end()))
    }
  })
})

/** Runs the text of an ES module: imports become look-ups in `modules`. Resolves with its `orders`, if it has any. */
async function run(
  code: string,
  modules: Readonly<Record<string, unknown>>,
  connection: object,
): Promise<unknown> {
  const here = / {2}host: .*\n {2}user: .*\n {2}password: .*\n {2}database: .*\n/g
  if (!here.test(code)) throw new Error('The sample does not say where the cluster is')
  const body = code
    .replaceAll(here, '  ...connection,\n')
    .replaceAll(/^import (\w+) from (.*)$/gm, 'const { default: $1 } = modules[$2]')
    .replaceAll(/^import (\{.*\}) from (.*)$/gm, 'const $1 = modules[$2]')
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor
  const orders = "return typeof orders === 'undefined' ? undefined : orders"
  return new AsyncFunction('modules', 'connection', `${body}\n${orders}`)(modules, connection)
}

function titleOf(code: string): string {
  const lines = code.split('\n').filter((line) => /^(await|async|const \[)/.test(line))
  return lines[0] ?? code.slice(0, 40)
}

/** The names that an interface of the driver declares. */
function membersOf(file: string, name: string): string[] {
  const source = read(`packages/driver/src/${file}`)
  const declaration = source.slice(source.indexOf(`interface ${name}`))
  const body = declaration.slice(0, declaration.indexOf('\n}'))
  const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[:<(]/gm)].map(([, member]) => member)
  if (members.length < 5) throw new Error(`The members of ${name} were not found`)
  return members as string[]
}

/** The text under each second-level heading; what stands before the first under ''. */
function sections(page: string): Map<string, string> {
  return new Map(
    `\n${page}`.split('\n## ').map((text, index) => {
      const end = text.indexOf('\n')
      return index === 0 ? ['', text] : [text.slice(0, end), text.slice(end + 1)]
    }),
  )
}

function sectionOf(page: string, heading: string): string {
  const text = sections(page).get(heading)
  if (text === undefined) throw new Error(`There is no section '${heading}'`)
  return text
}

/** The cells of every table row below a header. */
function rows(text: string): string[][] {
  const lines = text.split('\n')
  return lines
    .filter((line, index) => line.startsWith('| ') && !lines[index + 1]?.startsWith('|---'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}
