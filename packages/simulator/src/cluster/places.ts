import { createServer } from 'node:net'

/** Where the instances of a cluster listen. */
export interface Places {
  readonly kind: 'distinct' | 'ports'
  /** The port to ask for; 0: any free one. */
  readonly port: number
  nextAddress(): string
  /** The port that the first instance got. */
  settle(port: number): void
}

/** Hosts of a block that instances use, from here up. */
const firstHost = 10

/**
 * A block of loopback addresses, one port for all of them. A port that was asked for has a block of its own, so
 * that the cluster there is found at the same addresses again; else the block is chosen at random, as it is when
 * `isBlockTaken`, so that clusters of parallel processes do not meet.
 */
export function distinctPlaces(port: number, isBlockTaken = false): Places {
  const block = port !== 0 && !isBlockTaken ? blockOf(port) : randomBlock()
  let host = firstHost
  let settled = port
  return {
    kind: 'distinct',
    get port() {
      return settled
    },
    nextAddress: () => `${block}.${host++}`,
    settle: (got) => {
      settled = got
    },
  }
}

function blockOf(port: number): string {
  return `127.${1 + ((port >> 8) % 254)}.${port & 0xff}`
}

function randomBlock(): string {
  return `127.${1 + Math.floor(Math.random() * 254)}.${Math.floor(Math.random() * 255)}`
}

/** 127.0.0.1 for all, each instance on a free port of its own. */
export function portPlaces(): Places {
  return { kind: 'ports', port: 0, nextAddress: () => '127.0.0.1', settle: () => undefined }
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
