/** The line with the message, and the frame of `captureStack`. */
const LINES_ABOVE = 2

/**
 * Takes the caller's stack before it is lost in the event loop. An `Error` has its stack in its first map, so that this is cheaper than
 * `Error.captureStackTrace`; it becomes a text only where it is used.
 *
 * @param ownFrames how many of the frames are of this library, this function not counted: the caller has as many as ever
 */
export function captureStack(ownFrames: number): Error {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = stackTraceLimit + ownFrames + 1
  const trace = new Error()
  Error.stackTraceLimit = stackTraceLimit
  return trace
}

/**
 * Gives an error the caller's stack in place of the event loop's, as mysql2 does while its `trace` option is on.
 *
 * @param ownFrames how many of the frames are of this library, `captureStack` not counted
 */
export function applyStack(error: unknown, trace: Error | undefined, ownFrames: number): void {
  const stack = trace?.stack
  if (stack === undefined || !(error instanceof Error)) return
  const frames = stack.split('\n').slice(LINES_ABOVE + ownFrames)
  error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n')
}
