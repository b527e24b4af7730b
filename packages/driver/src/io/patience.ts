import { monotonicMs } from './clock.js'

/** How long a question may go on without a sign of life, in milliseconds. */
export interface Patience {
  /** Until the host takes a connection. */
  readonly connectMs: number
  /** Until the next byte comes on a connection that is open: a server that answers late is not a dead one. */
  readonly answerMs: number
}

/** What has been heard so far of whoever is asked. */
export interface Life {
  /** When its host took the connection; undefined while it has not. */
  readonly connectedMs: number | undefined
  readonly bytesRead: number
}

/**
 * Calls `expired` once there was no sign of life for too long. Returns what stops it.
 */
export function watchLife(
  { connectMs, answerMs }: Patience,
  life: () => Life,
  expired: (waitedMs: number) => void,
): () => void {
  const startedMs = monotonicMs()
  let { bytesRead } = life()
  let heardMs = startedMs
  let isCertain = false
  let immediate: NodeJS.Immediate | undefined
  const look = (): void => {
    const nowMs = monotonicMs()
    const now = life()
    if (now.bytesRead !== bytesRead) {
      heardMs = nowMs
      isCertain = false
    }
    bytesRead = now.bytesRead
    const dueMs =
      now.connectedMs === undefined
        ? startedMs + connectMs
        : Math.max(heardMs, now.connectedMs) + answerMs
    if (nowMs >= dueMs && isCertain) expired(nowMs - startedMs)
    else if (nowMs >= dueMs) {
      // If it was us who stood still, the answer lies in the kernel: it is read before the next look.
      isCertain = true
      immediate = setImmediate(look)
    } else timer = setTimeout(look, Math.min(dueMs - nowMs, connectMs)).unref()
  }
  let timer = setTimeout(look, Math.min(connectMs, answerMs)).unref()
  return () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
}
