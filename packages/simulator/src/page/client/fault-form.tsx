import type { TargetedSubmitEvent } from 'preact'
import { useState } from 'preact/hooks'
import type { FaultType } from '../../cluster/fault.js'
import type { ClusterState } from '../../control/cluster-state.js'
import { faultTable, faultTypes } from '../../faults/fault-table.js'
import { injectFault } from './control-requests.js'
import { FaultInput } from './fault-input.js'
import { readFault } from './read-fault.js'
import { useRequest } from './use-request.js'

interface FormProps {
  readonly state: ClusterState
  readonly isDisabled: boolean
}

/** Every fault with its fields, from the table that the command line and the manual are made of. */
export function FaultForm({ state, isDisabled }: FormProps) {
  const [type, setType] = useState<FaultType>('failover')
  const { refusal, isBusy, send } = useRequest()
  const { summary, fields } = faultTable[type]
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fault = readFault(type, new FormData(event.currentTarget))
    send(() => injectFault(fault))
  }
  return (
    <form class="fault-form" onSubmit={submit} autocomplete="off">
      <div class="field">
        <label htmlFor="fault-type">Fault</label>
        <select
          id="fault-type"
          value={type}
          onChange={({ currentTarget }) => setType(currentTarget.value as FaultType)}
        >
          {faultTypes.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </div>
      <p class="what">{sentence(summary)}</p>
      {Object.entries(fields).map(([name, field]) => (
        <FaultInput key={`${type} ${name}`} name={name} field={field} state={state} />
      ))}
      <button type="submit" class="main" disabled={isDisabled || isBusy}>
        Inject {type}
      </button>
      <p class="refusal" role="alert">
        {refusal}
      </p>
    </form>
  )
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}
