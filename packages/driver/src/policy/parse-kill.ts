/** A `KILL` of one thread. */
export interface Kill {
  readonly what: 'QUERY' | 'CONNECTION'
  readonly threadId: number
}

const STATEMENT = /^\s*kill\s+(?:(query|connection)\s+)?(\d+|\?)\s*;?\s*$/i

/**
 * Reads a `KILL` as applications write it (MySQL manual, 15.7.8.4): with the number in the text, or as its only value. Undefined: it is
 * none, or not one that can be told.
 */
export function parseKill(text: string, values: unknown): Kill | undefined {
  const [, what, written] = STATEMENT.exec(text) ?? []
  if (written === undefined) return undefined
  const value: unknown = written === '?' ? (Array.isArray(values) ? values[0] : values) : written
  const threadId = Number(value)
  if (!Number.isSafeInteger(threadId) || threadId <= 0) return undefined
  return { what: what?.toUpperCase() === 'QUERY' ? 'QUERY' : 'CONNECTION', threadId }
}
