/** The last so many of something, oldest first. */
export class History<T> {
  readonly capacity: number
  #kept: T[] = []

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get all(): readonly T[] {
    return this.#kept
  }

  add(item: T): void {
    // A copy for each: whoever was given the list keeps the list that it was given.
    this.#kept = [...this.#kept.slice(this.#kept.length - this.capacity + 1), item]
  }
}
