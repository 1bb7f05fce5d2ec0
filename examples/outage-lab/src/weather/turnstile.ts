/** Calls that wait beyond this many are turned away, as by a full backlog. */
const CAPACITY = 1_000

/** Lets calls through one by one, first come first served: a server that can do only so many per second. */
export class Turnstile {
  #perSecond = Infinity
  readonly #waiting: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  /** Calls that wait, the one that is worked on included. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** From now on so many calls per second; `Infinity` lets everybody through at once. */
  pace(perSecond: number): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#perSecond = perSecond
    if (perSecond === Infinity) for (const go of this.#waiting.splice(0)) go()
    else this.#work()
  }

  /** Resolves when it is this call's turn; to `false` where too many wait. */
  turn(): Promise<boolean> {
    if (this.#perSecond === Infinity) return Promise.resolve(true)
    if (this.#waiting.length >= CAPACITY) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(true))
      this.#work()
    })
  }

  /** Works on the call at the front, if none is worked on. */
  #work(): void {
    if (this.#timer || this.#waiting.length === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#waiting.shift()!()
      this.#work()
    }, 1_000 / this.#perSecond)
  }
}
