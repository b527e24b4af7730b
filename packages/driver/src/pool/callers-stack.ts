/** Of this library stand in a stack: `captureStack`, and the method that was called. */
const OWN_FRAMES = 2

/**
 * Takes the caller's stack before it is lost in the event loop; to be called by the very method that the caller has called, since each
 * frame costs. An `Error` has its stack in its first map, so that this is cheaper than `Error.captureStackTrace`; it becomes a text
 * only where it is used. The caller has as many frames as ever.
 *
 * @param isWanted mysql2's `trace` option
 */
export function captureStack(isWanted: boolean): Error | undefined {
  if (!isWanted) return undefined
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = stackTraceLimit + OWN_FRAMES
  const trace = new Error()
  Error.stackTraceLimit = stackTraceLimit
  return trace
}

/** Gives an error the caller's stack in place of the event loop's, as mysql2 does while its `trace` option is on. */
export function applyStack(error: unknown, trace: Error | undefined): void {
  const stack = trace?.stack
  if (stack === undefined || !(error instanceof Error)) return
  // Above the frames stands the line with the message.
  const frames = stack.split('\n').slice(1 + OWN_FRAMES)
  error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n')
}
