/** Something that happens at a moment of virtual time. */
export interface Event {
  /** Monotonic milliseconds. */
  readonly at: number
  /** Position among all events of a run: those due at the same moment happen in the order in which they were set. */
  readonly order: number
  /** `undefined` once cancelled: taking it out of the middle of the heap would cost more than stepping over it. */
  run: (() => void) | undefined
}

/** Events in the order in which they are due: a binary heap. */
export class EventQueue {
  readonly #heap: Event[] = []

  push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  /** The first event that was not cancelled. */
  peek(): Event | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.run === undefined) this.#pop()
    return this.#heap[0]
  }

  /** Takes out what {@link peek} saw. */
  take(): Event | undefined {
    return this.peek() && this.#pop()
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!last || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
