import type { ClusterState } from '../../control/cluster-state.js'
import { formatDuration } from '../format.js'

type Instance = ClusterState['instances'][number]
type Row = Instance['hostStatus'][number]

const writerSession = 'MASTER_SESSION_ID'

/** The copies of the topology side by side: who answers, and what the answer says of each member. */
export function ViewTable({ state }: { readonly state: ClusterState }) {
  const members = membersOf(state.instances)
  return (
    <div class="scrolling">
      <table>
        <thead>
          <tr>
            <th scope="col">Asked</th>
            {members.map((id) => (
              <th scope="col" key={id}>
                {id}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {state.instances.map((asked) => (
            <tr key={asked.id} class={asked.state === 'up' ? '' : 'silent'}>
              <th scope="row">{asked.id}</th>
              {asked.state === 'up' ? (
                members.map((id) => <Cell key={id} state={state} rows={asked.hostStatus} id={id} />)
              ) : (
                <td colSpan={members.length}>does not answer</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface CellProps {
  readonly state: ClusterState
  readonly rows: readonly Row[]
  readonly id: string
}

function Cell({ state, rows, id }: CellProps) {
  const row = rows.find(({ serverId }) => serverId === id)
  if (!row) return <td class="none">no row</td>
  const isWriter = row.sessionId === writerSession
  const isTrue = state.instances.find((each) => each.id === id)?.role === 'writer'
  // The simulator and this page share a machine, and so a clock.
  const age = formatDuration(Math.max(0, Date.now() - row.updatedAtMs))
  return (
    <td class={isWriter === isTrue ? '' : 'wrong'}>
      <span class={isWriter ? 'says-writer' : 'says-reader'}>
        {isWriter ? 'writer' : `lag ${formatDuration(row.lagMs)}`}
      </span>
      <span class="age">{age} ago</span>
    </td>
  )
}

/** All that any copy has a row for; those that exist come first. */
function membersOf(instances: readonly Instance[]): readonly string[] {
  const named = instances.flatMap(({ hostStatus }) => hostStatus.map(({ serverId }) => serverId))
  return [...new Set([...instances.map(({ id }) => id), ...named])]
}
