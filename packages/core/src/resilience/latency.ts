/** A running estimate of the median of durations in milliseconds: constant memory, no window to keep. */
export class MedianEstimate {
  #median: number | undefined

  observe(duration: number): void {
    const median = this.#median
    if (median === undefined) this.#median = duration
    else this.#median = median + Math.sign(duration - median) * Math.max(0.1, median * 0.05)
  }

  get value(): number {
    return this.#median ?? 0
  }
}
