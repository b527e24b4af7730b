import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { InstancePool, Lease } from '../../src/cluster/instance-pool.js'
import { WaitingRoom } from '../../src/cluster/waiting-room.js'
import { type Runner, Work } from '../../src/cluster/work.js'
import { resolveOptions } from '../../src/contract/options.js'
import type { StatementOptions } from '../../src/contract/statement-options.js'
import { classifySql } from '../../src/policy/classify-sql.js'

const READ = classifySql('SELECT 1')
const WRITE = classifySql('INSERT INTO t VALUES (1)')
const ROOM_FOR = 6
/** How long a statement waits that does not say so itself. */
const FAILOVER_TIMEOUT_MS = 1_000

/** A statement that comes to the room, and what its caller and its instances do about it. */
interface Arrival {
  readonly isWrite: boolean
  readonly waitMs: number | undefined
  /** What its caller does at some moment of the run. */
  readonly callerDoes: 'waits' | 'gives the signal' | 'destroys the session'
  /** So often the instance that it is lent to refuses it, so that it has to wait again. */
  readonly refusedTimes: number
}

/** One thing that happens in the room's surroundings. */
type Change =
  | { readonly hasWriter: boolean; readonly hasReader: boolean }
  | { readonly passMs: number }

/** A statement that is never begun: it waits, is lent a connection, or is given up. */
class Waiting extends Work {
  readonly text = undefined
  readonly wasSent = false
  readonly hasDelivered = false
  readonly usedLocalInfile = false
  readonly number: number
  readonly abort = new AbortController()
  refusals: number
  /** Every way in which it has left for good. */
  readonly ends: string[] = []
  enteredMs: number | undefined

  constructor(number: number, { isWrite, waitMs, refusedTimes }: Arrival) {
    super({} as Runner, isWrite ? WRITE : READ, undefined, undefined, undefined)
    this.number = number
    this.refusals = refusedTimes
    this.askedAs = isWrite ? 'writer' : 'reader'
    const { signal } = this.abort
    const given: StatementOptions = waitMs === undefined ? { signal } : { signal, waitMs }
    Object.assign(this, { options: given })
  }

  /** The moment after which nobody may lend to it. */
  get patienceMs(): number {
    return (this.enteredMs ?? 0) + (this.options?.waitMs ?? FAILOVER_TIMEOUT_MS)
  }

  begin(_lease: Lease): void {}
  fail(): void {}
  whenReplied(): void {}
  forgetStatement(): void {}
}

/** A waiting room between statements that come and instances that come and go. */
class Surroundings {
  readonly room: WaitingRoom
  readonly #pool = {} as InstancePool
  #has = { hasWriter: false, hasReader: false }
  isClosed = false

  constructor() {
    this.room = new WaitingRoom({
      options: resolveOptions({ maxWaiting: ROOM_FOR, failoverTimeoutMs: FAILOVER_TIMEOUT_MS }),
      emit: () => {},
      reason: () => undefined,
      denial: () => undefined,
      lastRefusal: () => undefined,
      place: (work) => this.place(work),
      lend: (work) => this.#lend(work as Waiting),
      giveUp: (work, error) => {
        const { code = error.message } = error as { code?: string }
        ;(work as Waiting).ends.push(code)
      },
    })
  }

  place(work: Work): InstancePool | undefined {
    const { hasWriter, hasReader } = this.#has
    return (work.askedAs === 'writer' ? hasWriter : hasReader) ? this.#pool : undefined
  }

  enter(work: Waiting): void {
    work.enteredMs ??= performance.now()
    if (work.hasWithdrawn) work.ends.push('destroyed before')
    else this.room.enter(work)
  }

  change(change: Change): void {
    if ('passMs' in change) return void vi.advanceTimersByTime(change.passMs)
    this.#has = change
    this.room.wake()
  }

  close(): void {
    this.isClosed = true
    this.#has = { hasWriter: false, hasReader: false }
    this.room.close()
  }

  /** What an instance does that cannot serve it after all: it comes back as it does after a failed attempt. */
  #lend(work: Waiting): void {
    if (work.refusals === 0) return void work.ends.push(this.isClosed ? 'lent too late' : 'lent')
    work.refusals--
    this.#has = { ...this.#has, [work.askedAs === 'writer' ? 'hasWriter' : 'hasReader']: false }
    this.enter(work)
  }
}

const arrivals = fc.array(
  fc.record<Arrival>({
    isWrite: fc.boolean(),
    waitMs: fc.constantFrom(undefined, undefined, 5, 50),
    callerDoes: fc.constantFrom('waits', 'waits', 'gives the signal', 'destroys the session'),
    refusedTimes: fc.constantFrom(0, 0, 1, 2),
  }),
  { minLength: 1, maxLength: 10 },
)
const changes = fc.array(
  fc.oneof<fc.Arbitrary<Change>[]>(
    fc.record({ hasWriter: fc.boolean(), hasReader: fc.boolean() }),
    fc.record({ passMs: fc.constantFrom(1, 10, 60) }),
  ),
  { maxLength: 8 },
)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Runs a story in the order that the scheduler picks, looking at the room after each step. */
async function play(
  scheduler: fc.Scheduler,
  coming: readonly Arrival[],
  changing: readonly Change[],
  closes: boolean,
): Promise<{ readonly works: readonly Waiting[]; readonly around: Surroundings }> {
  vi.clearAllTimers()
  const around = new Surroundings()
  const works = coming.map((arrival, number) => new Waiting(number, arrival))
  const failures: unknown[] = []
  const step = (name: string, act: () => void) => {
    void scheduler
      .schedule(Promise.resolve(), name)
      .then(() => {
        act()
        const waiting = works.filter(({ waitingSinceMs }) => waitingSinceMs !== undefined)
        expect(around.room.length).toBe(waiting.length)
        expect(waiting.flatMap(({ ends }) => ends)).toEqual([])
        for (const { patienceMs } of waiting) expect(performance.now()).toBeLessThan(patienceMs)
      })
      .catch((error: unknown) => failures.push(error))
  }
  for (const [index, { callerDoes }] of coming.entries()) {
    const work = works[index] as Waiting
    step(`${index} enters`, () => around.enter(work))
    if (callerDoes === 'gives the signal') step(`${index} aborts`, () => work.abort.abort())
    if (callerDoes === 'destroys the session') {
      step(`${index} leaves`, () => {
        work.hasWithdrawn = true
        if (around.room.leave(work)) work.ends.push('left')
      })
    }
  }
  for (const change of changing) step(JSON.stringify(change), () => around.change(change))
  if (closes) step('the pool is closed', () => around.close())
  await scheduler.waitAll()
  await new Promise((resolve) => setImmediate(resolve))
  expect(failures).toEqual([])
  return { works, around }
}

function expectNoTrace(works: readonly Waiting[]): void {
  expect(vi.getTimerCount()).toBe(0)
  for (const { abort } of works) expect(getEventListeners(abort.signal, 'abort')).toEqual([])
}

describe('a room in which statements wait', () => {
  it('lets each out in exactly one way, whatever happens in which order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), arrivals, changes, async (scheduler, coming, changing) => {
        const { works, around } = await play(scheduler, coming, changing, false)
        // Whoever still waits is served when there are instances again, or its time is over.
        const refusals = works.reduce((sum, { refusals: left }) => sum + left, 0)
        for (let turn = 0; turn <= refusals; turn++)
          around.change({ hasWriter: true, hasReader: true })
        await new Promise((resolve) => setImmediate(resolve))
        for (const { number, ends } of works) expect([number, ends.length]).toEqual([number, 1])
        for (const { ends, enteredMs, patienceMs } of works) {
          if (enteredMs !== undefined && ends[0] === 'ERR_AURORA_NO_WRITER')
            expect(performance.now()).toBeGreaterThanOrEqual(patienceMs)
        }
        expect(around.room.length).toBe(0)
        expectNoTrace(works)
      }),
      { numRuns: 300 },
    )
  })

  it('lends nothing once it is closed, and leaves nobody behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), arrivals, changes, async (scheduler, coming, changing) => {
        const { works, around } = await play(scheduler, coming, changing, true)
        for (const { number, ends } of works) expect([number, ends.length]).toEqual([number, 1])
        expect(works.flatMap(({ ends }) => ends)).not.toContain('lent too late')
        around.change({ passMs: 2 * FAILOVER_TIMEOUT_MS })
        around.change({ hasWriter: true, hasReader: true })
        for (const { ends } of works) expect(ends).toHaveLength(1)
        expectNoTrace(works)
      }),
      { numRuns: 300 },
    )
  })
})
