/**
 * A copy of the values of a statement. It may run later, and again after a failover, when its caller has used the array, the object or
 * the buffer for something else: a batch that is emptied and filled again. What makes its own SQL, and instances of other classes, stay
 * as they are.
 */
export function ownValues(values: unknown): unknown {
  return typeof values === 'object' && values !== null ? ownObject(values) : values
}

function ownObject(value: object): unknown {
  if (Array.isArray(value)) {
    // Mostly numbers and texts: nothing is called for them.
    const copy: unknown[] = value.slice()
    for (let at = 0; at < copy.length; at++) {
      const each = copy[at]
      if (typeof each === 'object' && each !== null) copy[at] = ownObject(each)
    }
    return copy
  }
  if (Buffer.isBuffer(value)) return Buffer.from(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Date.prototype) return new Date(value as Date)
  if (prototype !== Object.prototype && prototype !== null) return value
  const copy: Record<string, unknown> = { ...value }
  for (const key of Object.keys(copy)) copy[key] = ownValues(copy[key])
  return copy
}
