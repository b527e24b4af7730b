import { figureTable } from '../figure-table.js'
import type { RunRecord } from '../records.js'

/** What the runs come down to, side by side. */
export function Figures({ runs }: { readonly runs: readonly RunRecord[] }) {
  const { columns, rows } = figureTable(runs)
  return (
    <div class="scrolling">
      <table class="figures">
        <thead>
          <tr>
            <td />
            {columns.map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ title, cells }) => (
            <tr key={title}>
              <th scope="row">{title}</th>
              {cells.map((text, index) => (
                <td key={columns[index]}>{text}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
