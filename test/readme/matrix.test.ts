import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { matrixOf, readResults, renderMatrix } from '../../scripts/matrix.mjs'

const results = readResults()

describe.each(['README.md', 'packages/driver/README.md'])('%s', (path) => {
  it('shows the matrix that the tests of the query builders have found', () => {
    const page = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
    expect(matrixOf(page)).toBe(renderMatrix(results))
  })
})

it.each(results.map((result) => [result.name, result] as const))(
  '%s keeps what is promised',
  (_, { failover }) => {
    const { readsFailed, writesFailed, writesMarked, lost, doubled } = failover
    expect({ readsFailed, unmarked: writesFailed - writesMarked, lost, doubled }).toEqual({
      readsFailed: 0,
      unmarked: 0,
      lost: 0,
      doubled: 0,
    })
  },
)
