import type { ClusterEvent } from '../cluster/cluster-event.js'

/** One line that says what happened. */
export function describeEvent(event: ClusterEvent): string {
  const about = event.instance ?? 'the cluster'
  switch (event.type) {
    case 'started':
      return `The cluster serves, on ${event.storage} storage`
    case 'closed':
      return 'The cluster is closed'
    case 'fault-injected':
      return `Fault ${event.fault} on ${about}`
    case 'fault-healed':
      return `Fault ${event.fault} is over`
    case 'instance-down':
      return `${about} ${downTexts[event.how]}`
    case 'instance-up':
      return `${about} serves as ${event.role}`
    case 'instance-added':
      return `${about} is added`
    case 'instance-removed':
      return `${about} is deleted`
    case 'writer-lost':
      return `Aurora notices that the writer ${about} is gone`
    case 'promoted':
      return `${about} is promoted, in place of ${event.from}`
    case 'role-changed':
      return `${about} is a ${event.role} from now on`
    case 'dns-updated':
      return `DNS: the cluster endpoint leads to ${about}`
    case 'view-refreshed':
      return `${about} sees ${event.writer ?? 'nobody'} as writer among ${event.members.length}`
    case 'connection-opened':
    case 'connection-closed':
      return `${about}: ${event.purpose} connection ${event.threadId} ${event.type === 'connection-opened' ? 'opened' : 'closed'}`
    case 'connection-refused':
      return `${about} refuses a connection: error ${event.errno}`
    case 'statement-refused':
      return `${about} refuses a statement: error ${event.errno}`
    case 'topology-asked':
      return `${about} is asked for the topology`
    default: {
      const unknown: never = event
      return String((unknown as ClusterEvent).type)
    }
  }
}

const downTexts = {
  crash: 'dies',
  hang: 'falls silent',
  restart: 'restarts',
} as const
