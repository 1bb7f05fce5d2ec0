import type { Chance } from './chance.ts'

/** What is overdue by more than this, in milliseconds, is not caught up on: the machine was asleep, or is too slow. */
const CATCH_UP = 1_000

export interface Arrivals {
  /** @param due When it was due, by `performance.now()`. */
  readonly arrive: (due: number) => void
  /** One that was due is left out. */
  readonly skip: () => void
}

/** Arrivals at random, so many per second, whether or not the last one has been answered. */
export class OpenLoop {
  readonly #chance: Chance
  readonly #arrivals: Arrivals
  #perSecond = 0
  #due = 0
  #timer: NodeJS.Timeout | undefined

  constructor(chance: Chance, arrivals: Arrivals) {
    this.#chance = chance
    this.#arrivals = arrivals
  }

  /** 0 stops. */
  pace(perSecond: number): void {
    if (perSecond === this.#perSecond) return
    this.#perSecond = perSecond
    clearTimeout(this.#timer)
    this.#due = performance.now()
    if (perSecond > 0) this.#wait()
  }

  #wait(): void {
    this.#draw()
    for (; performance.now() - this.#due > CATCH_UP; this.#draw()) this.#arrivals.skip()
    this.#timer = setTimeout(() => this.#run(), Math.max(0, this.#due - performance.now()))
  }

  #run(): void {
    this.#arrivals.arrive(this.#due)
    this.#wait()
  }

  /** The next one is due so much later (a Poisson process). */
  #draw(): void {
    this.#due += (-Math.log(1 - this.#chance()) * 1_000) / this.#perSecond
  }
}
