/** How many different statements may follow one state and still be recognised; the oldest is forgotten. */
const MAX_FOLLOWERS = 64

/** A session that has set more than this is not carried to another connection any more. */
const MAX_DEPTH = 32

/**
 * What `SET` and `USE` have left on a connection, or what a session wants of one: the statements, in order. Equal sequences are one
 * object, so that comparing them is comparing references.
 */
export class SessionState {
  /** A connection as it is after its handshake and the application's `connection` listeners. */
  static readonly BASE = new SessionState(undefined, '', 0)

  readonly #parent: SessionState | undefined
  readonly #text: string
  readonly #depth: number
  readonly #followers = new Map<string, SessionState>()

  private constructor(parent: SessionState | undefined, text: string, depth: number) {
    this.#parent = parent
    this.#text = text
    this.#depth = depth
  }

  /** The state after one more statement. */
  after(text: string): SessionState {
    // Setting the same again changes nothing.
    if (text === this.#text) return this
    const known = this.#followers.get(text)
    if (known !== undefined) return known
    const state = new SessionState(this, text, this.#depth + 1)
    if (this.#followers.size >= MAX_FOLLOWERS) {
      const [oldest] = this.#followers.keys()
      if (oldest !== undefined) this.#followers.delete(oldest)
    }
    this.#followers.set(text, state)
    return state
  }

  /** The state after something that cannot be repeated elsewhere: it is like no other, and leads to no other. */
  static unknown(): SessionState {
    return new SessionState(undefined, '', 0)
  }

  /** The statements that lead from `earlier` to this one; undefined when it carries something that this one does not. */
  since(earlier: SessionState): string[] | undefined {
    const texts: string[] = []
    let state: SessionState | undefined = this
    while (state !== undefined && state !== earlier) {
      texts.push(state.#text)
      state = state.#parent
    }
    return state === undefined ? undefined : texts.reverse()
  }

  /** Too much to be carried around. */
  get isLong(): boolean {
    return this.#depth > MAX_DEPTH
  }
}
