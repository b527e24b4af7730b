import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cluster, checkFault, type Fault, faultTypes } from '../../src/index.js'
import { connectTo, openCluster, storages } from '../open-cluster.js'

const timings = { refreshMs: 10, detectMs: 2, promoteMs: 4, dnsMs: 3, staleMs: 2, returnMs: 5 }

/** What some faults must be told. */
const needed: Readonly<Record<string, object>> = {
  slow: { delayMs: 1 },
  lag: { lagMs: 50 },
  overload: { maxConnections: 1 },
}

/** Injects or heals something, chosen by numbers, and waits or does not. */
const step = fc.record({
  type: fc.constantFrom(...faultTypes),
  instance: fc.option(fc.nat(), { nil: undefined }),
  returnAfterMs: fc.constantFrom(undefined, 3),
  how: fc.constantFrom('crash', 'hang', 'planned'),
  heal: fc.option(fc.nat(), { nil: undefined }),
  isAwaited: fc.boolean(),
})
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

function faultOf(cluster: Cluster, { type, instance, returnAfterMs, how }: Step): Fault {
  const ids = cluster.instances.map((each) => each.id)
  const isOnInstance = type === 'reader-removed' || instance !== undefined
  const struck = isOnInstance ? { instance: ids[(instance ?? 0) % ids.length] } : {}
  const data: Record<string, unknown> = { type, ...needed[type] }
  if (type === 'failover') data.how = how
  if (type === 'crash' || type === 'hang') {
    Object.assign(data, struck, returnAfterMs === undefined ? {} : { returnAfterMs })
  } else if (['reset', 'refuse', 'slow', 'stale-view', 'reader-removed'].includes(type)) {
    Object.assign(data, struck)
  }
  return checkFault(data, ids)
}

/** What a cluster refuses is no failure: to delete its writer, or a seventeenth instance. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof TypeError) return undefined
  throw error
}

async function take(cluster: Cluster, one: Step): Promise<unknown> {
  const injected = cluster.inject(faultOf(cluster, one)).catch(unlessRefused)
  if (one.isAwaited) await injected
  const { faults } = cluster
  const chosen = one.heal === undefined ? undefined : faults[one.heal % faults.length]
  const healed = chosen ? cluster.heal(chosen.id).catch(unlessRefused) : undefined
  return Promise.all([injected, healed])
}

describe.each(storages)('on %s', (storage) => {
  it('whatever is broken and healed in whatever order, when all is healed all is well', async () => {
    const cluster = await openCluster({ storage, instances: 3, timings })
    const sequences = fc.array(step, { minLength: 3, maxLength: 12 })
    const property = fc.asyncProperty(sequences, async (steps) => {
      const pending: Promise<unknown>[] = []
      for (const one of steps) {
        const taken = take(cluster, one)
        pending.push(taken)
        if (one.isAwaited) await taken
      }
      await Promise.all(pending)
      for (let round = 0; cluster.faults.length > 0 && round < 5; round += 1) {
        for (const { id } of cluster.faults.toReversed()) {
          await cluster.heal(id).catch(unlessRefused)
        }
      }
      // Only a reader that was added and has become the writer cannot be taken away again.
      const left = cluster.faults.filter((each) => each.type !== 'reader-added')
      expect(left).toEqual([])
      expect(cluster.instances.map((each) => each.state)).not.toContain('down')
      expect(cluster.instances.map((each) => each.state)).not.toContain('hung')
      expect(cluster.instances.filter((each) => each.role === 'writer')).toEqual([cluster.writer])
      for (const instance of cluster.instances) {
        const connection = await connectTo(cluster, instance, { connectTimeout: 5000 })
        await connection.query('SELECT 1')
        connection.destroy()
      }
    })
    await fc.assert(property, { numRuns: 15, endOnFailure: true })
  })
})
