/** A value that several faults may change at once: the newest change that still holds counts. */
export class LayeredValue<T> {
  readonly #base: T
  readonly #layers: { readonly value: T }[] = []

  /** `base`: the value while nothing changes it. */
  constructor(base: T) {
    this.#base = base
  }

  get current(): T {
    const newest = this.#layers.at(-1)
    return newest ? newest.value : this.#base
  }

  /** Changes the value; returns how to take back this change and no other. */
  lay(value: T): () => void {
    const layer = { value }
    this.#layers.push(layer)
    return () => {
      const place = this.#layers.indexOf(layer)
      if (place >= 0) this.#layers.splice(place, 1)
    }
  }
}
