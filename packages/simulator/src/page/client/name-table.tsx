import type { ClusterState } from '../../control/cluster-state.js'

/** What each name stands for at the moment, with what has not followed yet marked. */
export function NameTable({ state }: { readonly state: ClusterState }) {
  const writer = state.instances.find(({ role }) => role === 'writer')?.id
  return (
    <table class="stacked">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Leads to</th>
          <th scope="col">Address</th>
        </tr>
      </thead>
      <tbody>
        {state.names.map(({ name, instance, address }) => {
          const isBehind = name === state.endpoints.writer.name && instance !== writer
          return (
            <tr key={name}>
              <th scope="row" class="name">
                {name}
              </th>
              <td class={isBehind ? 'wrong' : ''}>{instance ?? 'no answer'}</td>
              <td class="address">{address ?? ''}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
