/**
 * A copy of the values of a statement. It may run later, and again after a failover, when its caller has used the array, the object or
 * the buffer for something else: a batch that is emptied and filled again. What makes its own SQL, and instances of other classes, stay
 * as they are.
 *
 * Of a `query` it goes as deep as mysql2 looks: an object of names, objects of columns in it, and nothing of what these refer to, which
 * may be all that an application knows. Of an `execute` objects are sent as JSON, whole.
 */
export function ownValues(method: 'query' | 'execute', values: unknown): unknown {
  if (typeof values !== 'object' || values === null) return values
  return method === 'query' ? ownObject(values, 0) : ownObject(values, 0, new Map())
}

/** Objects within so many others are not looked into, unless all are. */
const DEEPEST = 2

/**
 * @param depth how many objects it stands in
 * @param copies of the objects that have been met: all are copied then, and those that refer to each other still do
 */
function ownObject(value: object, depth: number, copies?: Map<object, object>): object {
  const known = copies?.get(value)
  if (known !== undefined) return known
  if (Array.isArray(value)) {
    // Mostly numbers and texts: nothing is called for them.
    const copy: unknown[] = value.slice()
    copies?.set(value, copy)
    for (let at = 0; at < copy.length; at++) {
      const each = copy[at]
      if (typeof each === 'object' && each !== null) copy[at] = ownObject(each, depth, copies)
    }
    return copy
  }
  if (Buffer.isBuffer(value)) return Buffer.from(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Date.prototype) return new Date(value as Date)
  if (prototype !== Object.prototype && prototype !== null) return value
  if (depth === DEEPEST && copies === undefined) return value
  const copy: Record<string, unknown> =
    prototype === null ? Object.assign(Object.create(null), value) : { ...value }
  copies?.set(value, copy)
  for (const key of Object.keys(copy)) {
    const each = copy[key]
    if (typeof each === 'object' && each !== null) copy[key] = ownObject(each, depth + 1, copies)
  }
  return copy
}
