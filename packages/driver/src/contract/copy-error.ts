/** The same error once more, for each of several who get it: what is known about a statement is written on its error. */
export function copyOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const copy = new Error(error.message)
  const { stack } = error
  if (stack !== undefined) copy.stack = stack
  return Object.assign(copy, error)
}
