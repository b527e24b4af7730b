import type { ComponentChildren } from 'preact'
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
      <div class="column">
        <Panel name="instances" title="Instances">
          <InstanceTable state={state} rates={view.rates} isDisabled={isLost} />
        </Panel>
        <Panel name="time-line" title="Last minute">
          <TimeLine state={state} events={view.events} />
        </Panel>
        <Panel name="views" title="What each instance says" aside="replica_host_status">
          <ViewTable state={state} />
        </Panel>
        <Panel name="names" title="What DNS says">
          <NameTable state={state} />
        </Panel>
      </div>
      <div class="column">
        <Panel name="faults" title="Faults">
          <FaultForm state={state} isDisabled={isLost} />
          <ActiveFaults state={state} isDisabled={isLost} />
        </Panel>
        <Panel name="events" title="Events">
          <EventList events={view.events} />
        </Panel>
      </div>
    </main>
  )
}

interface PanelProps {
  readonly name: string
  readonly title: string
  readonly aside?: string
  readonly children: ComponentChildren
}

function Panel({ name, title, aside, children }: PanelProps) {
  return (
    <section class={name} aria-labelledby={name}>
      <h2 id={name}>
        {title}
        {aside && <span class="aside"> {aside}</span>}
      </h2>
      {children}
    </section>
  )
}
