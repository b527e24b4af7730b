import type { ClusterState } from '../../control/cluster-state.js'
import type { FaultField } from '../../faults/fault-table.js'
import { fieldHint } from './field-hint.js'

interface InputProps {
  readonly name: string
  readonly field: FaultField
  readonly state: ClusterState
}

/** The control for one field of a fault; left empty, the field's default holds. */
export function FaultInput({ name, field, state }: InputProps) {
  return (
    <div class="field" title={field.summary}>
      <label htmlFor={idOf(name)}>
        <code>{name}</code>
      </label>
      <Control name={name} field={field} state={state} />
    </div>
  )
}

function Control({ name, field, state }: InputProps) {
  const { instances, timings } = state
  const isRequired = field.default === undefined
  switch (field.kind) {
    case 'duration':
    case 'count':
      // Text, because a duration may be the word `never`.
      return (
        <input
          id={idOf(name)}
          name={name}
          type="text"
          inputMode="numeric"
          placeholder={fieldHint(field, timings)}
          required={isRequired}
          aria-description={field.summary}
        />
      )
    case 'id':
      return (
        <input
          id={idOf(name)}
          name={name}
          type="text"
          placeholder={fieldHint(field, timings)}
          required={isRequired}
          aria-description={field.summary}
        />
      )
    case 'instance':
      return <Choice name={name} field={field} choices={instances.map(({ id }) => id)} />
    case 'choice':
      return <Choice name={name} field={field} choices={field.choices.map(String)} />
    case 'flag':
      return <Choice name={name} field={field} choices={['true', 'false']} />
    default: {
      const unknown: never = field
      throw new TypeError(`field: unknown kind in ${JSON.stringify(unknown)}`)
    }
  }
}

function idOf(name: string): string {
  return `fault-${name}`
}

interface ChoiceProps {
  readonly name: string
  readonly field: FaultField
  readonly choices: readonly string[]
}

function Choice({ name, field, choices }: ChoiceProps) {
  const others = choices.filter((each) => each !== field.default)
  return (
    <select
      id={idOf(name)}
      name={name}
      required={field.default === undefined}
      aria-description={field.summary}
    >
      {field.default !== undefined && <option value="">{field.default}</option>}
      {others.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  )
}
