import { DATABASE, settingKey } from '../policy/setting-key.js'

/** How many different statements may follow one state and still be recognised; the oldest is forgotten. */
const MAX_FOLLOWERS = 64

/** A session that has set more than this is not carried to another connection any more. */
const MAX_SETTINGS = 32

/** One statement, and what it sets: a later one with the same key takes its place. */
interface Setting {
  readonly text: string
  readonly key: string | undefined
}

/**
 * What `SET` and `USE` have left on a connection, or what a session wants of one: the statements, in order. Equal sequences are one
 * object, so that comparing them is comparing references. A state lives as long as a connection or a session has it.
 */
export class SessionState {
  /** A connection as it is after its handshake and the application's `connection` listeners. */
  static readonly BASE = new SessionState([], undefined)

  readonly #settings: readonly Setting[]
  /** Held, so that the same statements lead here again. */
  readonly #parent: SessionState | undefined
  readonly #followers = new Map<string, WeakRef<SessionState>>()

  private constructor(settings: readonly Setting[], parent: SessionState | undefined) {
    this.#settings = settings
    this.#parent = parent
  }

  /** The state after something that cannot be repeated elsewhere: it is like no other, and leads to no other. */
  static unknown(): SessionState {
    return new SessionState([], undefined)
  }

  /** The state after one more statement. */
  after(text: string): SessionState {
    // Setting the same again changes nothing.
    if (this.#settings.at(-1)?.text === text) return this
    const key = settingKey(text)
    const isReplaced = (setting: Setting): boolean => key !== undefined && setting.key === key
    if (!this.#settings.some(isReplaced)) return this.#follow({ text, key })
    return this.#settings
      .filter((setting) => !isReplaced(setting))
      .reduce((state, setting) => state.#follow(setting), this.#root)
      .#follow({ text, key })
  }

  /** The statements that lead from `earlier` to this one; undefined when it carries something that this one does not set. */
  since(earlier: SessionState): string[] | undefined {
    if (this === earlier) return []
    if (this.#root !== earlier.#root) return undefined
    const wanted = this.#settings
    const there = earlier.#settings
    let same = 0
    while (same < there.length && wanted[same]?.text === there[same]?.text) same++
    const rest = wanted.slice(same)
    const isSetAgain = ({ key }: Setting): boolean =>
      key !== undefined && rest.some((setting) => setting.key === key)
    return there.slice(same).every(isSetAgain) ? rest.map(({ text }) => text) : undefined
  }

  /** Too much to be carried around. */
  get isLong(): boolean {
    return this.#settings.length > MAX_SETTINGS
  }

  /** Another database than the handshake's may have been chosen. */
  get mayHaveLeftDatabase(): boolean {
    if (this.#root !== SessionState.BASE) return true
    return this.#settings.some(({ key }) => key === DATABASE || key === undefined)
  }

  get #root(): SessionState {
    return this.#parent === undefined ? this : this.#parent.#root
  }

  #follow(setting: Setting): SessionState {
    const { text } = setting
    const known = this.#followers.get(text)?.deref()
    if (known !== undefined) return known
    const state = new SessionState([...this.#settings, setting], this)
    this.#followers.delete(text)
    if (this.#followers.size >= MAX_FOLLOWERS) this.#forgetFollowers()
    this.#followers.set(text, new WeakRef(state))
    return state
  }

  /** Those that nobody has any more; where all are in use, the oldest. */
  #forgetFollowers(): void {
    for (const [text, state] of this.#followers)
      if (state.deref() === undefined) this.#followers.delete(text)
    const [oldest] = this.#followers.keys()
    if (this.#followers.size >= MAX_FOLLOWERS && oldest !== undefined)
      this.#followers.delete(oldest)
  }
}
