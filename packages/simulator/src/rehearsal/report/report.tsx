/// <reference path="../../page/text-modules.d.ts" />
import { renderToString } from 'preact-render-to-string'
import { htmlDocument } from '../../page/html-document.js'
import type { RehearsalRecord } from '../records.js'
import { Figures } from './figures.js'
import { Method } from './method.js'
import { peaksOf } from './peaks.js'
import style from './report.css?text'
import { Happened, RunSection } from './run-section.js'

/** One page that says how a rehearsal went; it loads nothing from anywhere. */
export function reportHtml(record: RehearsalRecord): string {
  return htmlDocument({
    title: `${record.title}: rehearsal`,
    style,
    body: renderToString(<Report record={record} />),
  }).html
}

function Report({ record }: { readonly record: RehearsalRecord }) {
  const { title, startedAt, runs } = record
  const peaks = peaksOf(runs)
  const alone = runs.length === 1 ? runs[0] : undefined
  return (
    <>
      <header>
        <p class="kind">Rehearsal on a simulated Aurora MySQL cluster</p>
        <h1>{title}</h1>
        <p class="when">
          <time dateTime={startedAt.toISOString()}>
            {startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC
          </time>
        </p>
      </header>
      <main>
        <div class="summary">
          <Figures runs={runs} />
          {alone && <Happened run={alone} />}
        </div>
        <div class={runs.length > 1 ? 'runs several' : 'runs'}>
          {runs.map((run) => (
            <RunSection key={run.name} run={run} peaks={peaks} isAlone={run === alone} />
          ))}
        </div>
      </main>
      <Method runs={runs} />
    </>
  )
}
