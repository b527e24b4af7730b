import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { faultTypes } from '../../src/index.js'
import { packageFolder } from '../build-package.js'

const read = (path: string) => readFileSync(join(packageFolder, path), 'utf8')
const readme = read('README.md')

/** The cells of the table between two marks, its two head lines left out. */
function rowsBetween(from: string, to: string): readonly (readonly string[])[] {
  const [, part = ''] = readme.split(from)
  const [table = ''] = part.split(to)
  const lines = table.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

describe('the table of fidelity', () => {
  const rows = rowsBetween('<!-- fidelity -->', '<!-- /fidelity -->').filter(
    ([what]) => !what?.startsWith('**'),
  )

  it('calls everything simulated, approximated or not', () => {
    expect(rows.length).toBeGreaterThan(40)
    const statuses = new Set(rows.map(([, status]) => status))
    expect([...statuses].toSorted()).toEqual(['approximated', 'not', 'simulated'])
  })

  const simulated = rows.filter(([, status]) => status === 'simulated')
  it.each(simulated)('%s: %s, and a test of that name exists', (_, __, shown = '') => {
    const [, title = '', path = ''] = /^\[(.+)\]\((test\/.+\.test\.ts)\)$/.exec(shown) ?? []
    const source = read(path)
    // An ellipsis stands for what differs from case to case.
    const parts = title.split('…').filter((part) => part !== '')
    const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')
    expect(source).toMatch(new RegExp(`(it|describe|each)\\b[^]*['"\`].*${pattern}`))
  })
})

it('lists every fault and no other', () => {
  const rows = rowsBetween('### Faults', 'A failover inside another')
  const listed = rows.map(([names]) => names).join()
  const named = [...listed.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name)
  expect(named.toSorted()).toEqual(faultTypes.toSorted())
})

it('leads to pages and tests that exist', () => {
  for (const [, path = ''] of readme.matchAll(/\]\(([^)#:]+)\)/g)) {
    if (!path.startsWith('..')) expect(read(path).length, path).toBeGreaterThan(0)
  }
})
