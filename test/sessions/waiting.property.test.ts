import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fifo } from '../../packages/driver/src/cluster/fifo.js'
import type { InstancePool, Lease } from '../../packages/driver/src/cluster/instance-pool.js'
import { WaitingRoom } from '../../packages/driver/src/cluster/waiting-room.js'
import { type Runner, Work } from '../../packages/driver/src/cluster/work.js'
import { resolveOptions } from '../../packages/driver/src/contract/options.js'
import type { StatementOptions } from '../../packages/driver/src/contract/statement-options.js'
import { classifySql } from '../../packages/driver/src/policy/classify-sql.js'

class Item {
  next: unknown
  readonly name: number

  constructor(name: number) {
    this.name = name
  }
}

type Move = 'push' | 'shift' | 'put back' | { readonly remove: number }

describe('a queue', () => {
  it('is an array in which each item is in its place, whatever is done to it', () => {
    const move: fc.Arbitrary<Move> = fc.oneof(
      fc.constantFrom('push' as const, 'shift' as const, 'put back' as const),
      fc.record({ remove: fc.nat({ max: 8 }) }),
    )
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const fifo = new Fifo<Item>()
        const model: Item[] = []
        let made = 0
        let taken: Item | undefined
        for (const each of moves) {
          if (each === 'push') {
            const item = new Item(made++)
            fifo.push(item)
            model.push(item)
          } else if (each === 'shift') {
            taken = fifo.shift()
            expect(taken).toBe(model.shift())
          } else if (each === 'put back') {
            if (taken === undefined) continue
            fifo.unshift(taken)
            model.unshift(taken)
            taken = undefined
          } else {
            const item = model[each.remove] ?? new Item(-1)
            const at = model.indexOf(item)
            expect(fifo.remove(item)).toBe(at >= 0)
            if (at >= 0) model.splice(at, 1)
            expect(fifo.remove(item)).toBe(false)
          }
          expect(fifo.length).toBe(model.length)
        }
        for (const item of model) expect(fifo.shift()).toBe(item)
        expect(fifo.shift()).toBeUndefined()
        expect(fifo.length).toBe(0)
      }),
    )
  })
})

const READ = classifySql('SELECT 1')
const WRITE = classifySql('INSERT INTO t VALUES (1)')

/** A statement that only waits; it is never begun here. */
class Waiting extends Work {
  readonly text = undefined
  readonly wasSent = false
  readonly hasDelivered = false
  readonly usedLocalInfile = false
  readonly name: number

  constructor(name: number, isWrite: boolean, options: StatementOptions | undefined) {
    super({} as Runner, isWrite ? WRITE : READ, options, undefined, undefined)
    this.name = name
    this.askedAs = isWrite ? 'writer' : 'reader'
  }

  begin(_lease: Lease): void {}
  fail(): void {}
  whenReplied(): void {}
  forgetStatement(): void {}
}

/** Lends to whoever comes, and notes in which order. */
function lender(lent: Waiting[]): InstancePool {
  return { lend: (work: Waiting) => lent.push(work) } as unknown as InstancePool
}

const namesOf = (works: readonly Waiting[]) => works.map(({ name }) => name)

interface Arrival {
  readonly isWrite: boolean
  /** Gives up after a turn, by its signal or by its caller. */
  readonly givesUp: 'never' | 'by signal' | 'by withdrawing'
}

describe('a room in which statements wait', () => {
  const arrivals = fc.array(
    fc.record<Arrival>({
      isWrite: fc.boolean(),
      givesUp: fc.constantFrom('never', 'never', 'by signal', 'by withdrawing'),
    }),
    { minLength: 1, maxLength: 12 },
  )
  const changes = fc.array(fc.record({ hasWriter: fc.boolean(), hasReader: fc.boolean() }), {
    maxLength: 8,
  })

  it('lets each out once, in order of arrival, however arrivals, changes and ends interleave', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), arrivals, changes, async (scheduler, coming, changing) => {
        let has = { hasWriter: false, hasReader: false }
        const lent: Waiting[] = []
        const pool = lender(lent)
        const refused: Waiting[] = []
        const placeOf = (work: Work) =>
          (work.askedAs === 'writer' ? has.hasWriter : has.hasReader) ? pool : undefined
        const room = new WaitingRoom({
          options: resolveOptions({ maxWaiting: 8 }),
          emit: () => {},
          reason: () => undefined,
          denial: () => undefined,
          lastRefusal: () => undefined,
          place: placeOf,
          lend: (work, pool) => pool.lend(work),
          giveUp: (work) => refused.push(work as Waiting),
        })
        const entered: Waiting[] = []
        const withdrawn: Waiting[] = []
        for (const [name, { isWrite, givesUp }] of coming.entries()) {
          const abort = new AbortController()
          const options = givesUp === 'by signal' ? { signal: abort.signal } : undefined
          const work = new Waiting(name, isWrite, options)
          void scheduler.schedule(Promise.resolve(), `enters ${name}`).then(() => {
            entered.push(work)
            room.enter(work)
          })
          if (givesUp === 'never') continue
          void scheduler.schedule(Promise.resolve(), `ends ${name}`).then(() => {
            if (givesUp === 'by signal') abort.abort()
            else if (room.leave(work)) withdrawn.push(work)
          })
        }
        const changed: Promise<void>[] = []
        for (const change of changing) {
          const turn = scheduler.schedule(Promise.resolve(), JSON.stringify(change)).then(() => {
            has = change
            room.wake()
            // Whoever could be served has been, even if others before it could not.
            const waiting = entered.filter(({ waitingSinceMs }) => waitingSinceMs !== undefined)
            expect(namesOf(waiting.filter((work) => placeOf(work) !== undefined))).toEqual([])
          })
          changed.push(turn)
        }
        await scheduler.waitAll()
        await Promise.all(changed)
        // Whoever waits still is served at last, in one turn.
        const still = room.length
        has = { hasWriter: true, hasReader: true }
        expect(room.wake()).toBe(still)
        await new Promise((resolve) => setImmediate(resolve))
        expect(room.length).toBe(0)
        const out = [...lent, ...refused, ...withdrawn]
        expect(namesOf(out).sort()).toEqual(namesOf(entered).sort())
        for (const { timer, onAbort } of out)
          expect([timer, onAbort]).toEqual([undefined, undefined])
        for (const role of ['reader', 'writer']) {
          const served = (works: readonly Waiting[]) =>
            namesOf(works.filter((work) => work.askedAs === role && lent.includes(work)))
          expect(served(lent)).toEqual(served(entered))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('refuses the newcomer when it is full, and ends everybody when it is closed', async () => {
    const refused: [number, string][] = []
    const room = new WaitingRoom({
      options: resolveOptions({ maxWaiting: 2 }),
      emit: () => {},
      reason: () => undefined,
      denial: () => undefined,
      lastRefusal: () => undefined,
      place: () => undefined,
      lend: () => {},
      giveUp: (work, error) => refused.push([(work as Waiting).name, error.message]),
    })
    for (const name of [0, 1, 2]) room.enter(new Waiting(name, true, undefined))
    await new Promise((resolve) => setImmediate(resolve))
    expect(refused).toEqual([[2, expect.stringContaining('aurora.maxWaiting')]])
    room.close()
    expect(refused.slice(1)).toEqual([
      [0, 'Pool is closed.'],
      [1, 'Pool is closed.'],
    ])
    expect(room.length).toBe(0)
  })
})
