/** Units whose numbers are shown in another one. */
const SHOWN = {
  µs: (value) =>
    value < 1_000
      ? `${digits(value)} µs`
      : value < 1e6
        ? `${digits(value / 1_000)} ms`
        : `${digits(value / 1e6)} s`,
  ms: (value) => (Math.abs(value) < 1 ? `${digits(value * 1_000)} µs` : `${digits(value)} ms`),
  kB: (value) => (Math.abs(value) < 1_024 ? `${digits(value)} kB` : `${digits(value / 1_024)} MB`),
  '/s': (value) => `${Math.round(value).toLocaleString('en')}/s`,
  '': (value) => value.toFixed(Number.isInteger(value) ? 0 : 2),
}

/**
 * @param {number} value
 * @param {string} unit
 */
export function shown(value, unit) {
  return SHOWN[unit](value)
}

/** @param {number} value */
export function ratioShown(value) {
  return value.toFixed(value < 10 ? 3 : 1)
}

function digits(value) {
  const size = Math.abs(value)
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)
}
