import { LRUCache } from 'lru-cache'
import { classifySql } from './classify-sql.js'
import type { SqlClass } from './sql-class.js'

/** How much a classifier may remember. */
export interface ClassifierLimits {
  /** Texts at most. */
  readonly maxEntries: number
  /** Memory that these texts may take, in bytes. */
  readonly maxBytes: number
  /** Longer texts (in characters) are classified without being kept. */
  readonly maxTextLength: number
}

/** Texts of an application are few; generated ones must not fill the heap. */
export const USUAL_LIMITS: ClassifierLimits = {
  maxEntries: 5_000,
  maxBytes: 8 << 20,
  maxTextLength: 16_384,
}

/** What an entry takes beside its text: the cache's own bookkeeping. */
const ENTRY_BYTES = 100
const BYTES_PER_CHARACTER = 2

/** `classifySql` with a memory of texts, and of texts that a reader has refused. */
export class SqlClassifier {
  readonly #memo: LRUCache<string, SqlClass>
  readonly #maxTextLength: number

  constructor({ maxEntries, maxBytes, maxTextLength }: ClassifierLimits) {
    this.#maxTextLength = maxTextLength
    // No entry counts for less than its share, so that the one limit is both: given `max`, lru-cache fills room for all of them at
    // once, half a millisecond of a new process.
    const shareBytes = Math.ceil(maxBytes / maxEntries)
    this.#memo = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (_class, text) =>
        Math.max(shareBytes, ENTRY_BYTES + BYTES_PER_CHARACTER * text.length),
    })
  }

  /** What this text is. */
  classify(text: string): SqlClass {
    const known = this.#memo.get(text)
    if (known !== undefined) {
      return known
    }
    const sqlClass = classifySql(text)
    if (text.length <= this.#maxTextLength) {
      this.#memo.set(text, sqlClass)
    }
    return sqlClass
  }

  /** A reader refused this text: it is a write from now on, whatever it looks like, however long. */
  rememberAsWrite(text: string): void {
    const sqlClass = Object.freeze<SqlClass>({
      ...this.classify(text),
      intent: 'write',
      isRepeatable: false,
    })
    this.#memo.set(text, sqlClass)
  }
}
