import type { TypedValue } from '../compile/emission.js'
import { SqlError } from '../sql-error.js'
import { showInMessage } from '../values/show-value.js'

/** Waits; true if it was woken before the time was over. */
export function sleepFor(seconds: TypedValue, signal: AbortSignal): Promise<boolean> {
  const wanted =
    seconds.value === null ? Number.NaN : Number(showInMessage(seconds.value, seconds.type))
  if (!(wanted >= 0)) {
    throw new SqlError(1210, 'HY000', 'Incorrect arguments to sleep.')
  }
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer)
      resolve(true)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', wake)
      resolve(false)
    }, wanted * 1000)
    signal.addEventListener('abort', wake, { once: true })
    if (signal.aborted) wake()
  })
}
