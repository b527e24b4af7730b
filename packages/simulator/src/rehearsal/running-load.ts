import type { CommandRecord, LoadRecord } from './records.js'

/** A load that runs on a cluster. */
export interface RunningLoad {
  /** Resolves when it works; rejects when it never will. */
  readonly began: Promise<void>
  /** Resolves if it ends by itself. */
  readonly ended: Promise<void>
  /**
   * Ends it, if it has not, and says what it met. Safe to call twice.
   *
   * @param zeroMs the zero of the record, on the clock of `performance.now()`
   */
  stop(
    zeroMs: number,
  ): Promise<{ readonly loads: readonly LoadRecord[]; readonly command?: CommandRecord }>
}
