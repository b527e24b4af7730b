import type { SSEStreamingApi } from 'hono/streaming'
import type { Cluster } from '../cluster/cluster.js'
import type { ClusterEvent } from '../cluster/cluster-event.js'
import { clusterState, toJson } from './cluster-state.js'

/** How often a listener is sent the state. */
const stateIntervalMs = 250

/** Log entries sent in one piece. */
const batchSize = 500

/** A listener that has fallen behind by more entries than a log can hold is let go: it begins anew when it comes back. */
const maxBehind = 200_000

/** Sends a listener the whole log, what is logged later, and the state in intervals, until it goes away. */
export async function streamEvents(cluster: Cluster, stream: SSEStreamingApi): Promise<void> {
  const entries: ClusterEvent[] = [...cluster.log]
  let isStateDue = true
  let isOver = false
  let wake: () => void = () => undefined
  const stopListening = cluster.on((event) => {
    entries.push(event)
    if (entries.length > maxBehind) isOver = true
    wake()
  })
  const timer = setInterval(() => {
    isStateDue = true
    wake()
  }, stateIntervalMs)
  stream.onAbort(() => {
    isOver = true
    wake()
  })
  try {
    while (!isOver) {
      if (entries.length > 0) {
        // One write for many: a long log has a hundred thousand of them.
        await stream.write(entries.splice(0, batchSize).map(logMessage).join(''))
      } else if (isStateDue) {
        isStateDue = false
        await stream.write(message('state', toJson(clusterState(cluster))))
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    clearInterval(timer)
    stopListening()
  }
}

function logMessage(event: ClusterEvent): string {
  return message('log', toJson(event))
}

function message(event: string, json: string): string {
  return `event: ${event}\ndata: ${json}\n\n`
}
