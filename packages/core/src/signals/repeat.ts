/** Milliseconds between two signals of one kind about one issuer. */
export const REPEAT = 60_000

/** Lets one signal pass in a minute: what goes on is told again, and no flood becomes one of events. */
export class Repeat {
  #toldAt = -Infinity

  /** @param now Monotonic milliseconds. */
  mayTell(now: number): boolean {
    if (now - this.#toldAt < REPEAT) return false
    this.#toldAt = now
    return true
  }
}
