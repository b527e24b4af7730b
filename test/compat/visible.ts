/** What a column of a result says of itself in mysql2's typings, and what tools read beside it. */
const COLUMN_MEMBERS = [
  'catalog',
  'schema',
  'db',
  'table',
  'orgTable',
  'name',
  'orgName',
  'characterSet',
  'encoding',
  'columnLength',
  'length',
  'columnType',
  'type',
  'typeName',
  'flags',
  'decimals',
] as const

/**
 * All that a caller can see of a value: class names, own properties, and the members of mysql2's columns. Of errors the stack is
 * left out, and the one property that ours adds.
 */
export function visible(value: unknown): unknown {
  if (typeof value === 'function') return 'function'
  if (typeof value !== 'object' || value === null) return value
  if (Buffer.isBuffer(value)) return `buffer ${value.toString('hex')}`
  if (value instanceof Date) return `date ${value.getTime()}`
  if (Array.isArray(value)) return value.map(visible)
  if (value instanceof Error) {
    const { aurora: _, stack: __, ...own } = value as unknown as Record<string, unknown>
    return { class: value.constructor.name, name: value.name, message: value.message, ...own }
  }
  const name: unknown = value.constructor?.name
  if (name === 'ColumnDefinition') {
    const column = value as Record<string, unknown>
    return {
      class: name,
      ...Object.fromEntries(COLUMN_MEMBERS.map((member) => [member, visible(column[member])])),
    }
  }
  return {
    ...(name === 'Object' ? {} : { class: name }),
    ...Object.fromEntries(Object.entries(value).map(([key, each]) => [key, visible(each)])),
  }
}
