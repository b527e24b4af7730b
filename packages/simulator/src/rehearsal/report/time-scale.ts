import { type ScaleLinear, scaleLinear } from 'd3-scale'

/** Width of every chart in its own units; on the page it takes what room there is. */
export const chartWidth = 520

/** Where the time axis begins and ends. */
export const plotLeft = 66
/** Where the time axis begins and ends. */
export const plotRight = chartWidth - 12

/** One scale for all charts of a run, so that what stands above each other happened at the same time. */
export function timeScale(durationMs: number): ScaleLinear<number, number> {
  return scaleLinear([0, durationMs], [plotLeft, plotRight])
}
