/** A count or a rate, without a fraction. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en')
}

/** A duration of any length: `40 ms`, `4.1 s`, `3 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

/** A moment on the cluster's clock: `1:02.4`. */
export function formatMoment(atMs: number): string {
  const minutes = Math.floor(atMs / 60_000)
  return `${minutes}:${((atMs % 60_000) / 1000).toFixed(1).padStart(4, '0')}`
}
