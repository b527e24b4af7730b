import type { LoadRecord, RequestRecord } from './records.js'

/** Writes down each request of a load. */
export class LoadRecorder {
  readonly name: string
  readonly #requests: RequestRecord[] = []
  readonly #pending = new Set<{ kind: RequestRecord['kind']; startedMs: number }>()
  readonly #startedAtMs: number

  /** `startedAtMs`: the zero of the record, on the clock of `performance.now()`. */
  constructor(name: string, startedAtMs: number = performance.now()) {
    this.name = name
    this.#startedAtMs = startedAtMs
  }

  /** Runs one request and notes how it ended; tells what it resolves or rejects with. */
  async run<T>(kind: RequestRecord['kind'], request: () => Promise<T>): Promise<T> {
    const startedMs = this.#nowMs
    const pending = { kind, startedMs }
    this.#pending.add(pending)
    try {
      const result = await request()
      this.#requests.push({ kind, startedMs, endedMs: this.#nowMs })
      return result
    } catch (error) {
      this.#requests.push({ kind, startedMs, endedMs: this.#nowMs, error: codeOf(error) })
      throw error
    } finally {
      this.#pending.delete(pending)
    }
  }

  /** What was noted until now; a request still under way counts as failed, `unanswered`. */
  record(): LoadRecord {
    const endedMs = this.#nowMs
    const unanswered = [...this.#pending].map((each) => ({ ...each, endedMs, error: 'unanswered' }))
    return { name: this.name, requests: [...this.#requests, ...unanswered] }
  }

  get #nowMs(): number {
    return performance.now() - this.#startedAtMs
  }
}

/** Never the message: it may hold values. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
