import type { ClusterState } from '../../control/cluster-state.js'
import { formatCount } from '../format.js'
import { injectFault } from './control-requests.js'
import type { RateHistory } from './rate-history.js'
import { Sparkline } from './sparkline.js'
import { useRequest } from './use-request.js'

type Instance = ClusterState['instances'][number]

interface TableProps {
  readonly state: ClusterState
  readonly rates: RateHistory
  readonly isDisabled: boolean
}

/** The instances as they are now, each with the two ways to lose it at hand. */
export function InstanceTable({ state, rates, isDisabled }: TableProps) {
  // One scale for all, or the lines could not be compared.
  const peak = Math.max(1, ...state.instances.flatMap(({ id }) => rates.statements(id)))
  return (
    <table class="instances stacked">
      <thead>
        <tr>
          <th scope="col">Instance</th>
          <th scope="col">Role</th>
          <th scope="col">State</th>
          <NumberHead>Connections</NumberHead>
          <NumberHead>Statements/s</NumberHead>
          <th scope="col" class="spark">
            <span class="hidden">Statements in the last half minute</span>
          </th>
          <NumberHead>Reads/s</NumberHead>
          <NumberHead>Writes/s</NumberHead>
          <th scope="col">
            <span class="hidden">Break it</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {state.instances.map((instance) => (
          <InstanceRow
            key={instance.id}
            instance={instance}
            hasSuccessor={state.instances.some(
              ({ id, state: each }) => id !== instance.id && each === 'up',
            )}
            rates={rates}
            peak={peak}
            isDisabled={isDisabled}
          />
        ))}
      </tbody>
    </table>
  )
}

function NumberHead({ children }: { readonly children: string }) {
  return (
    <th scope="col" class="number">
      {children}
    </th>
  )
}

interface RowProps {
  readonly instance: Instance
  /** Another instance could take over from it. */
  readonly hasSuccessor: boolean
  readonly rates: RateHistory
  readonly peak: number
  readonly isDisabled: boolean
}

const stateTexts: Readonly<Record<Instance['state'], string>> = {
  up: 'up',
  down: 'down',
  hung: 'silent',
  removed: 'removed',
}

function InstanceRow({ instance, hasSuccessor, rates, peak, isDisabled }: RowProps) {
  const { refusal, isBusy, send } = useRequest()
  const { id, role, counters } = instance
  const { statements, reads, writes } = rates.now(id)
  // A writer that goes is followed by another, as in Aurora; a reader stays away until it is healed.
  const outage = (how: 'crash' | 'hang') =>
    role === 'writer' && hasSuccessor ? { type: 'failover', how } : { type: how, instance: id }
  const button = (how: 'crash' | 'hang', text: string) => (
    <button
      type="button"
      disabled={isDisabled || isBusy || instance.state !== 'up'}
      onClick={() => send(() => injectFault(outage(how)))}
      aria-label={`${text} ${id}`}
    >
      {text}
    </button>
  )
  return (
    <tr class={instance.state === 'up' ? role : instance.state} data-instance={id}>
      <th scope="row">
        <span class="id">{id}</span>
        <span class="address">
          {instance.address}:{instance.port}
        </span>
      </th>
      <td data-label="Role">
        <span class={`badge ${role}`}>{role}</span>
      </td>
      <td data-label="State">
        <span class={`state ${instance.state}`}>{stateTexts[instance.state]}</span>
      </td>
      <td data-label="Connections" class="number">
        {formatCount(counters.connectionsOpen)}
      </td>
      <td data-label="Statements/s" class="number">
        {formatCount(statements)}
      </td>
      <td class="spark">
        <Sparkline values={rates.statements(id)} peak={peak} />
      </td>
      <td data-label="Reads/s" class="number">
        {formatCount(reads)}
      </td>
      <td data-label="Writes/s" class="number">
        {formatCount(writes)}
      </td>
      <td class="actions">
        {button('crash', 'Crash')}
        {button('hang', 'Hang')}
        <span class="refusal" role="alert">
          {refusal}
        </span>
      </td>
    </tr>
  )
}
