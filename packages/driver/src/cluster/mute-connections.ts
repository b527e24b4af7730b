/** A connection as this needs it. */
export interface Hearing {
  readonly bytesRead: number
}

/**
 * The connections of an instance that has said nothing for long. When it speaks again they may have outlived that (a server that was
 * frozen), or be lost without a word (a host that was replaced, a network that has forgotten them): then only younger ones speak.
 */
export class MuteConnections {
  readonly #bytes: ReadonlyMap<Hearing, number>
  /** For how long the instance has been speaking on others alone. */
  #othersSpeakMs: number | undefined

  constructor(connections: Iterable<Hearing>) {
    this.#bytes = new Map([...connections].map((each) => [each, each.bytesRead]))
  }

  /** The instance has said something. */
  noteSpeech(): void {
    this.#othersSpeakMs ??= 0
  }

  /** `passedMs` later: `alive` as soon as one of them has spoken, `lost` when others have spoken for `limitMs` and none of them has. */
  judge(passedMs: number, limitMs: number): 'waiting' | 'alive' | 'lost' {
    for (const [each, bytes] of this.#bytes) if (each.bytesRead !== bytes) return 'alive'
    if (this.#othersSpeakMs === undefined) return 'waiting'
    this.#othersSpeakMs += passedMs
    return this.#othersSpeakMs >= limitMs ? 'lost' : 'waiting'
  }

  has(connection: Hearing): boolean {
    return this.#bytes.has(connection)
  }
}
