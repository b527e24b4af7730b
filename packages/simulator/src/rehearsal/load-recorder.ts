import type { LoadRecord, RequestRecord } from './records.js'

/** Writes down each request of a load. */
export class LoadRecorder {
  readonly name: string
  readonly #requests: RequestRecord[] = []
  readonly #pending = new Set<{ kind: RequestRecord['kind']; startedMs: number }>()

  constructor(name: string) {
    this.name = name
  }

  /** Runs one request and notes how it ended; tells what it resolves or rejects with. */
  async run<T>(kind: RequestRecord['kind'], request: () => Promise<T>): Promise<T> {
    const startedMs = performance.now()
    const pending = { kind, startedMs }
    this.#pending.add(pending)
    try {
      const result = await request()
      this.#requests.push({ kind, startedMs, endedMs: performance.now() })
      return result
    } catch (error) {
      this.#requests.push({ kind, startedMs, endedMs: performance.now(), error: errorCode(error) })
      throw error
    } finally {
      this.#pending.delete(pending)
    }
  }

  /**
   * What was noted until now; a request still under way counts as failed, `unanswered`.
   *
   * @param zeroMs the zero of the record, on the clock of `performance.now()`; requests that ended before are left out
   */
  record(zeroMs: number): LoadRecord {
    const endedMs = performance.now()
    const unanswered = [...this.#pending].map((each) => ({ ...each, endedMs, error: 'unanswered' }))
    const requests = [...this.#requests, ...unanswered]
      .filter((each) => each.endedMs >= zeroMs)
      .map((each) => ({
        ...each,
        startedMs: each.startedMs - zeroMs,
        endedMs: each.endedMs - zeroMs,
      }))
    return { name: this.name, requests }
  }
}

/** What an error is called: its code, else its name. Never its message, which may hold values. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
