/** What one answer earns, what one retry costs, and how much can be saved. */
const EARNED = 0.1
const COST = 2
const MAX = 50
const START = 10

/** Pays for retries out of answers, so that a failing endpoint gets a twentieth more load at most. */
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
