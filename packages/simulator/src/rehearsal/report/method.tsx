import { sampleEveryMs } from '../record-cluster.js'
import type { RunRecord } from '../records.js'

/** How the numbers came about, for whoever wants to lean on them. */
export function Method({ runs }: { readonly runs: readonly RunRecord[] }) {
  const storages = [...new Set(runs.map(({ cluster }) => cluster.storage))].join(' and ')
  const hasClients = runs.every(({ loads }) => loads.length > 0)
  return (
    <footer>
      <h3>How this was measured</h3>
      <p>
        Cluster: simulated, storage {storages}, on this machine; Node.js {process.version},{' '}
        {process.platform}. Delays of the network and of a real Aurora are not in these numbers.
      </p>
      {hasClients ? (
        <p>
          Requests, errors and times are what the client saw. A request that was still unanswered at
          the end counts as failed. Statements and connections are what the instances counted.
        </p>
      ) : (
        <p>
          Everything is what the instances saw, read every {sampleEveryMs} ms, which is also how
          exact the times are. Connects that a dead instance refused, and what the command made of
          its errors, nobody here can see. The questions with which a driver asks for the topology
          count nowhere.
        </p>
      )}
    </footer>
  )
}
