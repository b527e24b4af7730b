/** Takes the caller's stack before it is lost in the event loop; `below` and what it called are left out. */
export function captureStack(below: (...args: never[]) => unknown): { stack?: string } {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, below)
  return holder
}

/** Gives an error the caller's stack in place of the event loop's, as mysql2 does while its `trace` option is on. */
export function applyStack(error: unknown, holder: { readonly stack?: string } | undefined): void {
  const stack = holder?.stack
  if (stack === undefined || !(error instanceof Error)) return
  const firstLineEnds = stack.indexOf('\n')
  error.stack = `${error.name}: ${error.message}${firstLineEnds < 0 ? '' : stack.slice(firstLineEnds)}`
}
