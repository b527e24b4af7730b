/** A JSON text in the form that MySQL keeps: keys ordered by length, then by bytes; blanks after `,` and `:`. */
export function normaliseJson(text: string): string | undefined {
  try {
    return write(JSON.parse(text))
  } catch {
    return undefined
  }
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${write(item)}`).join(', ')}}`
}
