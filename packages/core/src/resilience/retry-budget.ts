/** What one answer earns, what one retry costs, how much can be saved, and what is there at the start: five retries. */
const EARNED = 0.1
const COST = 2
const MAX = 50
const START = 10

/** Pays for retries out of answers: one for twenty, so that a failing endpoint gets hardly more load. */
export class RetryBudget {
  #credit = START

  earn(): void {
    this.#credit = Math.min(MAX, this.#credit + EARNED)
  }

  /** Takes the price of one retry if it is there. */
  spend(): boolean {
    if (this.#credit < COST) return false
    this.#credit -= COST
    return true
  }
}
