/** How much repeating a pool may do. */
export interface RetryBudgetLimits {
  /** Repetitions that may happen at once, when none happened for long. */
  readonly capacity: number
  /** What each statement that succeeds gives back; 0.2 lets every fifth statement be repeated. */
  readonly refund: number
}

/**
 * 500 at once: every read under way on a dead instance may be run again. 20 % after that, as
 * Finagle does, so that a sick cluster sees at most a fifth more work than the callers ask for.
 */
export const RETRY_BUDGET: RetryBudgetLimits = Object.freeze({ capacity: 500, refund: 0.2 })

/** A bucket of tokens, filled by success and drained by repetition; no clock is involved. */
export class RetryBudget {
  readonly #limits: RetryBudgetLimits
  #tokens: number

  constructor(limits: RetryBudgetLimits = RETRY_BUDGET) {
    this.#limits = limits
    this.#tokens = limits.capacity
  }

  /** Whether one repetition may happen now. */
  get hasTokens(): boolean {
    return this.#tokens >= 1
  }

  /** A statement is being run again. */
  spend(): void {
    this.#tokens = Math.max(0, this.#tokens - 1)
  }

  /** A statement ended well. */
  refund(): void {
    this.#tokens = Math.min(this.#limits.capacity, this.#tokens + this.#limits.refund)
  }
}
