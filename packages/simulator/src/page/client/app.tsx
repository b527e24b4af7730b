import { ActiveFaults } from './active-faults.js'
import { ConnectionLine } from './connection-line.js'
import { EventList } from './event-list.js'
import { FaultForm } from './fault-form.js'
import { InstanceTable } from './instance-table.js'
import type { LinkState, View } from './live-cluster.js'
import { NameTable } from './name-table.js'
import { TimeLine } from './time-line.js'
import { ViewTable } from './view-table.js'

const linkTexts: Readonly<Record<LinkState, string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'no answer from the simulator, trying again',
}

/** The whole page. */
export function App({ view }: { readonly view: View }) {
  const { link, state } = view
  return (
    <>
      <header>
        <h1>Aurora simulator{state && <span class="cluster-name"> {state.name}</span>}</h1>
        <p class={`link ${link}`} role="status">
          <span class="dot" aria-hidden="true" />
          {linkTexts[link]}
        </p>
        {state && <ConnectionLine state={state} />}
      </header>
      {state ? <Cluster view={view} state={state} /> : <main class="empty" />}
    </>
  )
}

function Cluster({ view, state }: { view: View; state: NonNullable<View['state']> }) {
  const isLost = view.link === 'lost'
  return (
    <main class={isLost ? 'lost' : ''}>
      <section aria-labelledby="instances">
        <h2 id="instances">Instances</h2>
        <InstanceTable state={state} rates={view.rates} isDisabled={isLost} />
      </section>
      <section aria-labelledby="time-line">
        <h2 id="time-line">Last minute</h2>
        <TimeLine state={state} events={view.events} />
      </section>
      <section aria-labelledby="faults" class="faults">
        <h2 id="faults">Faults</h2>
        <FaultForm state={state} isDisabled={isLost} />
        <ActiveFaults state={state} isDisabled={isLost} />
      </section>
      <section aria-labelledby="views" class="views">
        <h2 id="views">
          What each instance says <span class="aside">replica_host_status</span>
        </h2>
        <ViewTable state={state} />
      </section>
      <section aria-labelledby="names" class="names">
        <h2 id="names">What DNS says</h2>
        <NameTable state={state} />
      </section>
      <section aria-labelledby="events" class="events">
        <h2 id="events">Events</h2>
        <EventList events={view.events} />
      </section>
    </main>
  )
}
