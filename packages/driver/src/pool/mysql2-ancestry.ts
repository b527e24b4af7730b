/**
 * Lets a class of ours stand on a class of mysql2, so that `instanceof` holds and mysql2's helpers (format, escape, …) are inherited,
 * without mysql2's constructor, which opens a socket, ever being called. The prototypes between are copied, since two of our classes
 * share them and stand on different classes of mysql2; private members belong to the instances and are not touched.
 *
 * @param derived prototype of our class
 * @param top prototype of the uppermost of our classes above it
 * @param base prototype of mysql2's class
 */
export function standOn(derived: object, top: object, base: object): void {
  const above: object[] = []
  let prototype: object = Object.getPrototypeOf(derived)
  for (; prototype !== top; prototype = Object.getPrototypeOf(prototype)) above.push(prototype)
  above.push(top)
  const copied = above.reduceRight<object>(
    (parent, original) => Object.create(parent, Object.getOwnPropertyDescriptors(original)),
    base,
  )
  Object.setPrototypeOf(derived, copied)
}
