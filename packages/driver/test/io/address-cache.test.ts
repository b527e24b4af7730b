import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AddressCache } from '../../src/io/address-cache.js'

const NAME = 'instance-2.abc.eu-west-1.rds.amazonaws.com'
/** Longer than anybody waits for a resolver. */
const LONG_MS = 60_000

type Callback = (error: Error | null, addresses: LookupAddress[]) => void

/** A resolver whose answers are given by the test, one for each time that it was asked. */
class Resolver {
  readonly asked: Callback[] = []
  isReady = true

  readonly lookup = ((_host: string, _options: object, callback: Callback) => {
    this.asked.push(callback)
    if (!this.isReady) throw new Error('The resolver is not ready')
  }) as unknown as LookupFunction

  answer(turn: number, address: string): void {
    this.asked[turn]?.(null, [{ address, family: 4 }])
  }
}

let resolver: Resolver
let addresses: AddressCache

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  resolver = new Resolver()
  addresses = new AddressCache(resolver.lookup)
})

afterEach(() => {
  vi.useRealTimers()
})

function ask(): Promise<string> {
  return new Promise((resolve, reject) => {
    addresses.cached(NAME, {}, (error, address) => {
      if (error === null) resolve(String(address))
      else reject(error)
    })
  })
}

describe('a resolver of the application', () => {
  it('is asked once by whoever wants to know the same', async () => {
    const both = [ask(), ask()]
    resolver.answer(0, '10.0.0.1')
    expect(await Promise.all(both)).toEqual(['10.0.0.1', '10.0.0.1'])
    expect(resolver.asked).toHaveLength(1)
  })

  it('may throw: that look-up has failed, and the next is another', async () => {
    resolver.isReady = false
    await expect(ask()).rejects.toMatchObject({
      code: 'EAI_FAIL',
      cause: { message: 'The resolver is not ready' },
    })
    resolver.isReady = true
    const again = ask()
    resolver.answer(1, '10.0.0.1')
    expect(await again).toBe('10.0.0.1')
  })

  it('may lose an answer: the name is asked for again, and everybody gets what comes first', async () => {
    const first = ask()
    vi.advanceTimersByTime(LONG_MS)
    const second = ask()
    expect(resolver.asked).toHaveLength(2)
    resolver.answer(1, '10.0.0.2')
    expect(await Promise.all([first, second])).toEqual(['10.0.0.2', '10.0.0.2'])
    // Too late, and from before.
    resolver.answer(0, '10.0.0.1')
    expect(await ask()).toBe('10.0.0.2')
  })

  it('may lose the answer to a refresh: the address is kept, and refreshed once more', async () => {
    const first = ask()
    resolver.answer(0, '10.0.0.1')
    await first
    addresses.recheck(NAME)
    addresses.recheck(NAME)
    expect(resolver.asked).toHaveLength(2)
    vi.advanceTimersByTime(LONG_MS)
    addresses.recheck(NAME)
    expect(resolver.asked).toHaveLength(3)
    expect(await ask()).toBe('10.0.0.1')
    resolver.answer(2, '10.0.0.3')
    expect(await ask()).toBe('10.0.0.3')
  })
})

describe('a name that does not exist', () => {
  /** The pauses double from half a second: the next is of eight. */
  async function askForLong(): Promise<void> {
    for (const ms of [500, 1_000, 2_000, 4_000]) {
      const failed = expect(ask()).rejects.toMatchObject({ code: 'ENOTFOUND' })
      resolver.asked.at(-1)?.(null, [])
      await failed
      vi.advanceTimersByTime(ms)
    }
    await Promise.all([expect(ask()).rejects.toThrow(), resolver.asked.at(-1)?.(null, [])])
  }

  it('is asked for less and less often', async () => {
    await askForLong()
    const { length } = resolver.asked
    vi.advanceTimersByTime(7_900)
    await expect(ask()).rejects.toMatchObject({ code: 'ENOTFOUND' })
    expect(resolver.asked).toHaveLength(length)
  })

  it('is asked for every second while a writer is looked for: it may be the one', async () => {
    await askForLong()
    addresses.isUrgent = true
    await expect(ask()).rejects.toMatchObject({ code: 'ENOTFOUND' })
    vi.advanceTimersByTime(1_000)
    const found = ask()
    resolver.answer(resolver.asked.length - 1, '10.0.0.1')
    expect(await found).toBe('10.0.0.1')
  })
})
