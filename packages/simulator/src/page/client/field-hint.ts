import type { ClusterState } from '../../control/cluster-state.js'
import type { FaultField } from '../../faults/fault-table.js'

/** What an empty field stands for, in the units of the field; of one that must be filled in: what belongs there. */
export function fieldHint(field: FaultField, timings: ClusterState['timings']): string {
  const unit = field.kind === 'duration' ? ' ms' : ''
  if (field.default === undefined) return unit ? `${field.summary},${unit}` : field.summary
  if (/^\d+$/.test(field.default)) return `${field.default}${unit}`
  return field.default.replace(/timings\.(\w+)/, (words, name) => {
    const value = timings[name as keyof typeof timings]
    // A time without end comes as the word for it.
    return value === undefined ? words : typeof value === 'number' ? `${value}${unit}` : value
  })
}
