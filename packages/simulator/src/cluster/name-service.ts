import type { LookupAddress, LookupOptions } from 'node:dns'

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

/** The address that a name stands for at its n-th look-up; undefined: the name is unknown. */
export type NameResolver = (hostname: string, turn: number) => string | undefined

/** The cluster's DNS, seen through a look-up function. Names are counted as they are asked for. */
export class NameService {
  readonly lookups = new Map<string, number>()
  isDown = false
  readonly #addressOf: NameResolver

  constructor(addressOf: NameResolver) {
    this.#addressOf = addressOf
  }

  readonly lookup: Lookup = (hostname, options, callback) => {
    const done = typeof options === 'function' ? options : (callback as LookupCallback)
    const wantsAll = typeof options === 'object' && options?.all === true
    const family = typeof options === 'object' ? options?.family : options
    // Names are case-insensitive and may end with a dot.
    const name = hostname.toLowerCase().replace(/\.$/, '')
    const turn = this.lookups.get(name) ?? 0
    this.lookups.set(name, turn + 1)
    const address = this.isDown || family === 6 ? undefined : this.#addressOf(name, turn)
    setImmediate(() => {
      if (address === undefined) done(this.#failure(hostname), wantsAll ? [] : '', 0)
      else if (wantsAll) done(null, [{ address, family: 4 }])
      else done(null, address, 4)
    })
  }

  #failure(hostname: string): NodeJS.ErrnoException {
    const code = this.isDown ? 'EAI_AGAIN' : 'ENOTFOUND'
    return Object.assign(new Error(`getaddrinfo ${code} ${hostname}`), {
      code,
      syscall: 'getaddrinfo',
      hostname,
    })
  }
}
