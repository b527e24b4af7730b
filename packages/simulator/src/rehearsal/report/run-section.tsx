import { formatCount, formatDuration } from '../../page/format.js'
import { lanesOf } from '../../page/lanes.js'
import { loadFigures } from '../figures.js'
import type { LoadRecord, RunRecord } from '../records.js'
import { connectionSeries, instanceSeries, requestSeries, statementSeries } from '../series.js'
import { EventTable, markTimesOf } from './event-table.js'
import { LaneChart } from './lane-chart.js'
import type { Peaks } from './peaks.js'
import { TimeChart } from './time-chart.js'

interface SectionProps {
  readonly run: RunRecord
  readonly peaks: Peaks
  /** The only run has the width of the page for itself. */
  readonly isAlone: boolean
}

/** One cluster over time: its charts, the errors of its clients, what happened when. */
export function RunSection({ run, peaks, isAlone }: SectionProps) {
  const { cluster, loads, command } = run
  const { durationMs } = cluster
  const shared = { durationMs, markTimes: markTimesOf(cluster) }
  return (
    <section class={isAlone ? 'alone' : ''}>
      <h2>{run.name}</h2>
      {command?.ended && (
        <p class="notice">
          The command ended by itself {command.ended.how}, before it was told to.
        </p>
      )}
      <div class="charts">
        <LaneChart lanes={lanesOf(cluster.log, cluster.present, 0, durationMs)} {...shared} />
        {loads.map((load) => (
          <TimeChart
            key={load.name}
            title={`Requests a second${loads.length > 1 ? `, ${load.name}` : ''}`}
            series={requestSeries(load, durationMs)}
            peak={peaks.requests}
            kind="areas"
            {...shared}
          />
        ))}
        {loads.length === 0 && (
          <TimeChart
            title="Statements a second"
            series={statementSeries(cluster)}
            peak={peaks.requests}
            kind="areas"
            {...shared}
          />
        )}
        <TimeChart
          title="Statements a second, by instance"
          series={instanceSeries(cluster)}
          peak={peaks.statements}
          kind="areas"
          {...shared}
        />
        <TimeChart
          title="Open connections, by instance"
          series={connectionSeries(cluster)}
          peak={peaks.connections}
          kind="lines"
          {...shared}
        />
      </div>
      <div class="lists">
        {!isAlone && <Happened run={run} />}
        {loads.map((load) => (
          <Errors key={load.name} load={load} run={run} />
        ))}
      </div>
    </section>
  )
}

/** What happened when. */
export function Happened({ run }: { readonly run: RunRecord }) {
  return (
    <div class="happened">
      <h3>What happened when</h3>
      <EventTable cluster={run.cluster} />
    </div>
  )
}

function Errors({ load, run }: { readonly load: LoadRecord; readonly run: RunRecord }) {
  const { errors } = loadFigures(load, run.cluster)
  const failed = load.requests.filter(({ error }) => error !== undefined)
  const title = run.loads.length > 1 ? `Errors of ${load.name}` : 'Errors'
  const [first, last] = [failed[0], failed.at(-1)]
  return (
    <div>
      <h3>{title}</h3>
      {first && last ? (
        <>
          <table class="errors">
            <tbody>
              {errors.map(({ code, count }) => (
                <tr key={code}>
                  <td class="moment">{formatCount(count)}</td>
                  <td>
                    <code>{code}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="quiet">
            From {formatDuration(first.endedMs)} to {formatDuration(last.endedMs)}
          </p>
        </>
      ) : (
        <p class="quiet">none</p>
      )}
    </div>
  )
}
