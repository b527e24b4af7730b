import type { ClusterState } from '../../control/cluster-state.js'
import { formatDuration } from '../format.js'
import { healFault } from './control-requests.js'
import { useRequest } from './use-request.js'

interface FaultsProps {
  readonly state: ClusterState
  readonly isDisabled: boolean
}

/** The faults in force, each with the button that ends it. */
export function ActiveFaults({ state, isDisabled }: FaultsProps) {
  const { refusal, isBusy, send } = useRequest()
  return (
    <div class="active-faults">
      <h3>In force</h3>
      {state.faults.length === 0 && <p class="none">none</p>}
      <ul>
        {state.faults.map(({ id, type, instance, sinceMs }) => (
          <li key={id}>
            <span>
              <b>{type}</b> {instance ?? ''}
            </span>
            <span class="age">{formatDuration(Math.max(0, state.nowMs - sinceMs))}</span>
            <button
              type="button"
              disabled={isDisabled || isBusy}
              onClick={() => send(() => healFault(id))}
              aria-label={`Heal ${id}`}
            >
              Heal
            </button>
          </li>
        ))}
      </ul>
      <p class="refusal" role="alert">
        {refusal}
      </p>
    </div>
  )
}
