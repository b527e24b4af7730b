/** What can stand in a roster. */
export interface Member {
  /** Its place; -1 while it is in none. */
  place: number
}

/**
 * A set whose members know their places. A `Set` that many pass through is copied each time when it is full of deleted entries, and the
 * dead tables keep each other, and all that was in them, alive until a major collection.
 */
export class Roster<T extends Member> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  add(member: T): void {
    member.place = this.#members.length
    this.#members.push(member)
  }

  /** False when it is not here. */
  delete(member: T): boolean {
    const { place } = member
    if (this.#members[place] !== member) return false
    const last = this.#members.pop() as T
    if (last !== member) {
      this.#members[place] = last
      last.place = place
    }
    member.place = -1
    return true
  }

  [Symbol.iterator](): Iterator<T> {
    return [...this.#members][Symbol.iterator]()
  }
}
