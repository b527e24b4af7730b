import { createServer } from 'node:net'

/** Where the instances of a cluster listen. */
export interface Places {
  readonly kind: 'distinct' | 'ports'
  /** The port to ask for, for an instance; 0: any free one. */
  portOf(id: string): number
  /** The address of an instance: `instance-7` has the host number 7 where that is free. */
  addressOf(id: string): string
  /** The address is free again. */
  release(address: string): void
  /** The port that the first instance got. */
  settle(port: number): void
}

/** Hosts of a block: numbered instances have their own number, others come from here up. */
const firstOtherHost = 101
const lastHost = 254

/** Where instances differ by port: `instance-1` is this far above the cluster endpoint, the others follow. */
const firstInstancePort = 11

/**
 * A block of loopback addresses, one port for all of them. A port that was asked for has a block of its own, so
 * that the cluster there is found at the same addresses again; else the block is chosen at random, as it is when
 * `isBlockTaken`, so that clusters of parallel processes do not meet.
 */
export function distinctPlaces(port: number, isBlockTaken = false): Places {
  const block = port !== 0 && !isBlockTaken ? blockOf(port) : randomBlock()
  const taken = new Set<string>()
  let settled = port
  const take = (id: string) => {
    const own = numberOf(id) ?? firstOtherHost
    let host = taken.has(`${block}.${own}`) ? firstOtherHost : own
    while (taken.has(`${block}.${host}`) && host < lastHost) host += 1
    taken.add(`${block}.${host}`)
    return `${block}.${host}`
  }
  return {
    kind: 'distinct',
    portOf: () => settled,
    addressOf: take,
    release: (address) => taken.delete(address),
    settle: (got) => {
      settled = got
    },
  }
}

function numberOf(id: string): number | undefined {
  const [, number] = /-([1-9]\d?)$/.exec(id) ?? []
  return number === undefined ? undefined : Number(number)
}

function blockOf(port: number): string {
  return `127.${1 + ((port >> 8) % 254)}.${port & 0xff}`
}

function randomBlock(): string {
  return `127.${1 + Math.floor(Math.random() * 254)}.${Math.floor(Math.random() * 255)}`
}

/**
 * 127.0.0.1 for all, each instance on a port of its own: near the port that was asked for, unless one of those
 * `arePortsTaken`, or else on any free one.
 */
export function portPlaces(port: number, arePortsTaken = false): Places {
  return {
    kind: 'ports',
    portOf(id) {
      const number = numberOf(id)
      const isAny = port === 0 || arePortsTaken || number === undefined
      return isAny ? 0 : port + firstInstancePort + number - 1
    },
    addressOf: () => '127.0.0.1',
    release: () => undefined,
    settle: () => undefined,
  }
}

/** Whether this system lets a program listen on any loopback address (Linux does, macOS does not). */
export function canUseDistinctAddresses(): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ host: '127.77.77.77', port: 0, exclusive: true }, () => {
      probe.close(() => resolve(true))
    })
  })
}
