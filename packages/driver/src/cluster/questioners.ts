import type { ConnectionConfig, Transport } from '../contract/mysql2.js'
import type { ResolvedOptions } from '../contract/options.js'
import type { AddressCache } from '../io/address-cache.js'
import { monotonicMs } from '../io/clock.js'
import type { Patience } from '../io/patience.js'
import { type Borrowed, Questioner } from '../io/questioner.js'
import type { Endpoint } from '../model/endpoint.js'

/** A name that leads to a reader while a writer is looked for may lead elsewhere by now: so old a connection to it is not asked again. */
const TRUST_NAME_FOR_MS = 1_000
/** No network forgets a connection that has been idle for less. */
const REMEMBERED_FOR_MS = 30_000

export interface QuestionersSetup {
  readonly config: ConnectionConfig
  readonly options: ResolvedOptions
  readonly addresses: AddressCache
  readonly given: Endpoint
  /** Runs something outside any caller's asynchronous context. */
  outside<T>(work: () => T): T
  /** An idle connection of the pool to this instance, for one question. */
  borrow(id: string): Borrowed | undefined
  /** A connection that had been open was lost. */
  onLost(id: string): void
}

/** A connection on which a question was not answered. */
export interface PutAside {
  /** The connection, where it tells of others: it had not been idle so long that the network may have forgotten it, and it alone. */
  readonly witness: Transport | undefined
}

/** The connections on which instances are asked, one for each; and one for the endpoint given. */
export class Questioners {
  readonly #setup: QuestionersSetup
  readonly #byId = new Map<string, Questioner>()
  /** For instances that have left the topology and still owe answers. */
  readonly #leaving = new Map<string, Questioner>()
  /** Did not answer in time, and are listened to beside those that have taken their place. */
  readonly #aside = new Map<string, Questioner>()

  constructor(setup: QuestionersSetup) {
    this.#setup = setup
  }

  /** @param endpoint the instance's own; undefined: it is not known, the endpoint given leads to it */
  of(id: string, endpoint: Endpoint | undefined): Questioner {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    const { addresses, given } = this.#setup
    const lookup = endpoint === undefined ? addresses.fresh : addresses.cached
    const made = this.#make(id, endpoint ?? given, lookup, () => this.#setup.onLost(id))
    this.#byId.set(id, made)
    return made
  }

  /** Whether an instance that has left the topology still answers, at its own endpoint. What it believes of the cluster counts no more. */
  async probe(id: string, endpoint: Endpoint, within: Patience): Promise<void> {
    const known = this.#leaving.get(id)
    if (known !== undefined) return void (await known.role(within))
    // Its name may lead elsewhere when it comes back: what it leads to now is not remembered.
    const made = this.#make(id, endpoint, this.#setup.addresses.fresh, () => {})
    this.#leaving.set(id, made)
    try {
      await made.role(within)
    } finally {
      this.#leaving.delete(id)
      made.close()
    }
  }

  /**
   * The question under way there is not answered: it fails, so that the next is put on a new connection. Returns the old one, which may
   * be lost without a word, or answer late; undefined where there is none, or one is listened to already.
   */
  putAside(id: string): PutAside | undefined {
    const questioner = this.#byId.get(id)
    if (questioner === undefined || this.#aside.get(id)?.isOpen) return undefined
    const connection = questioner.putAside()
    if (connection === undefined) return undefined
    this.#byId.delete(id)
    this.#aside.set(id, questioner)
    const isWitness = questioner.idleMs <= REMEMBERED_FOR_MS
    return { witness: isWitness ? connection : undefined }
  }

  /** The name was asked, and a reader answered: makes sure that the next question goes where the name leads then. */
  followName(id: string): void {
    const questioner = this.#byId.get(id)
    const { address } = questioner ?? {}
    if (questioner === undefined || address === undefined) return
    if (monotonicMs() - questioner.connectedMs >= TRUST_NAME_FOR_MS) return this.drop(id)
    this.#setup.addresses.fresh(questioner.endpoint.host, { all: true }, (error, found) => {
      if (error !== null || typeof found === 'string') return
      const hasMoved = !found.some((each) => each.address === address)
      if (hasMoved && this.#byId.get(id) === questioner) this.drop(id)
    })
  }

  /** When this instance's host last took a connection of ours. */
  connectedMs(id: string): number {
    return this.#byId.get(id)?.connectedMs ?? Number.NEGATIVE_INFINITY
  }

  /** Bytes that this instance has sent in answer to our questions. */
  bytesRead(id: string): number {
    return [this.#byId, this.#leaving, this.#aside].reduce(
      (sum, asked) => sum + (asked.get(id)?.bytesRead ?? 0),
      0,
    )
  }

  /** Closes the connections to one of them; a question under way fails. */
  drop(id: string): void {
    for (const asked of [this.#byId, this.#aside]) {
      asked.get(id)?.close()
      asked.delete(id)
    }
  }

  isAsking(id: string): boolean {
    return this.#byId.get(id)?.isAsking ?? false
  }

  keepOnly(isWanted: (id: string) => boolean): void {
    for (const id of [...this.#byId.keys(), ...this.#aside.keys()]) if (!isWanted(id)) this.drop(id)
  }

  close(): void {
    for (const id of [...this.#byId.keys(), ...this.#aside.keys()]) this.drop(id)
    for (const questioner of this.#leaving.values()) questioner.close()
  }

  #make(
    id: string,
    endpoint: Endpoint,
    lookup: AddressCache['cached'],
    onLost: () => void,
  ): Questioner {
    const { config, options, outside } = this.#setup
    const { password } = options
    const borrow = (): Borrowed | undefined => this.#setup.borrow(id)
    return new Questioner({ endpoint, lookup, config, password, outside, borrow, onLost })
  }
}
