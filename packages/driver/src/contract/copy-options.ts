/**
 * A copy that may be changed, with what spreading would leave out: members that are hidden (Knex hides passwords: `enumerable: false`)
 * or inherited (a configuration class with getters). mysql2 reads its options by name and finds both.
 */
export function copyOptions<T extends object>(options: T): T {
  const copy = {} as T
  for (let from: object = options; from !== null && from !== Object.prototype; ) {
    for (const name of Object.getOwnPropertyNames(from)) {
      if (name === 'constructor' || Object.hasOwn(copy, name)) continue
      const enumerable = from === options && Object.prototype.propertyIsEnumerable.call(from, name)
      // What was hidden stays hidden; mysql2 warns of each visible member that it does not know.
      Object.defineProperty(copy, name, {
        value: options[name as keyof T],
        enumerable,
        configurable: true,
        writable: true,
      })
    }
    from = Object.getPrototypeOf(from)
  }
  return copy
}
