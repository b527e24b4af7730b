import type { LookupAddress, LookupOptions } from 'node:dns'
import { LayeredValue } from './layered-value.js'

/** Time to live of every name, as in Aurora's zones. */
export const nameTtlMs = 5000

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/** A function shaped like `dns.lookup`. */
export type Lookup = (
  hostname: string,
  options: LookupOptions | number | null | undefined | LookupCallback,
  callback?: LookupCallback,
) => void

/** The instance that a name leads to. */
export interface NamedInstance {
  readonly id: string
  /** Its own name; the shared names are aliases of such a name. */
  readonly endpoint: string
  readonly address: string
}

/** What the cluster's DNS answers: an instance, that there is no such name, or that it cannot answer. */
export type NameAnswer = NamedInstance | 'unknown' | 'unavailable'

/** The instance that a name stands for at its n-th look-up; undefined: the name is unknown. */
export type NameResolver = (hostname: string, turn: number) => NamedInstance | undefined

/** The cluster's DNS. Names are counted as they are asked for. */
export class NameService {
  readonly lookups = new Map<string, number>()
  readonly isDown = new LayeredValue(false)
  readonly #instanceOf: NameResolver

  constructor(instanceOf: NameResolver) {
    this.#instanceOf = instanceOf
  }

  readonly lookup: Lookup = (hostname, options, callback) => {
    const done = typeof options === 'function' ? options : (callback as LookupCallback)
    const wantsAll = typeof options === 'object' && options?.all === true
    const family = typeof options === 'object' ? options?.family : options
    const answer = this.resolve(hostname)
    setImmediate(() => {
      if (typeof answer === 'string' || family === 6) {
        const code = answer === 'unavailable' ? 'EAI_AGAIN' : 'ENOTFOUND'
        done(lookupError(code, hostname), wantsAll ? [] : '', 0)
        return
      }
      const { address } = answer
      if (wantsAll) done(null, [{ address, family: 4 }])
      else done(null, address, 4)
    })
  }

  /** Answers and counts a question for a name. */
  resolve(hostname: string): NameAnswer {
    const name = canonicalName(hostname)
    const answer = this.peek(name)
    this.lookups.set(name, (this.lookups.get(name) ?? 0) + 1)
    return answer
  }

  /** What the next question for a name would be answered. */
  peek(hostname: string): NameAnswer {
    if (this.isDown.current) return 'unavailable'
    const name = canonicalName(hostname)
    return this.#instanceOf(name, this.lookups.get(name) ?? 0) ?? 'unknown'
  }
}

/** Names are case-insensitive and may end with a dot. */
function canonicalName(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '')
}

function lookupError(code: string, hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ${code} ${hostname}`), {
    code,
    syscall: 'getaddrinfo',
    hostname,
  })
}
