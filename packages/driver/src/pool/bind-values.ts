/** mysql2's own words for values that a prepared statement cannot take; it throws them at the call. */
const NOT_AN_ARRAY = 'Bind parameters must be array if namedPlaceholders parameter is not enabled'
/** Of a value that is missing. */
export const HAS_UNDEFINED =
  'Bind parameters must not contain undefined. To pass SQL NULL specify JS null'
const HAS_FUNCTION =
  'Bind parameters must not contain function(s). To pass the body of a function as a string call .toString() first'

/**
 * Refuses at the call what mysql2's `execute` refuses at the call; ours runs later.
 *
 * @throws TypeError with mysql2's message
 */
export function checkBindValues(sql: unknown, values: unknown, namedPlaceholders: boolean): void {
  const options =
    typeof sql === 'object' && sql !== null ? (sql as Record<string, unknown>) : undefined
  const given = options?.values ?? (typeof values === 'function' ? undefined : values)
  const isNamed = (options?.namedPlaceholders ?? namedPlaceholders) === true
  if (!given) return
  if (!Array.isArray(given)) {
    if (isNamed) return
    throw new TypeError(NOT_AN_ARRAY)
  }
  for (const value of given) {
    if (value === undefined) throw new TypeError(HAS_UNDEFINED)
    if (typeof value === 'function') throw new TypeError(HAS_FUNCTION)
  }
}
