import type { Cluster } from 'aurora-mysql2-simulator'
import { expect } from 'vitest'
import { type Ledger, NOTHING_AMISS } from '../failover/ledger.js'
import { compareWithMatrix, type Result, summaryOf, versionOf } from './results.js'
import type { Builder } from './shop.js'

/** What was seen of a query builder, before and in a failover under load. */
export interface Seen {
  readonly cluster: Cluster
  readonly ledger: Ledger
  readonly readFailures: readonly unknown[]
  readonly readsOnReaders: Result['readsOnReaders']
  readonly hasStreams: boolean
}

/** No read has failed, every failed write says what became of it, nothing is lost or doubled, and the matrix says no better than that. */
export async function expectPromisesKept(
  { name, npmPackage, wayIn }: Pick<Builder, 'name' | 'npmPackage' | 'wayIn'>,
  { cluster, ledger, readFailures, readsOnReaders, hasStreams }: Seen,
): Promise<void> {
  const audit = await ledger.audit(cluster)
  expect(audit).toEqual(NOTHING_AMISS)
  expect(readFailures).toEqual([])
  const unmarked = ledger.unmarked.map(({ id, error }) => `${id}: ${error?.stack}`)
  expect(unmarked, 'every failed write says what became of it').toEqual([])
  const writesFailed = ledger.failures.length
  const result: Result = {
    name,
    version: versionOf(npmPackage),
    wayIn,
    readsOnReaders,
    hasStreams,
    failover: {
      readsFailed: readFailures.length,
      writes: ledger.acknowledgedCount + writesFailed,
      writesFailed,
      writesMarked: writesFailed - unmarked.length,
      lost: audit.lost.length,
      doubled: audit.doubled.length,
    },
  }
  console.log(summaryOf(result))
  expect(compareWithMatrix(result), 'the matrix in the README is true').toEqual([])
}
