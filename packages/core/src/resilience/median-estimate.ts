/** The least step of the estimate, as a part of the median: after a few hundred samples it takes as many to move it. */
const STEP = 0.01

/** A long-term estimate of the median of durations in milliseconds: constant memory, no window to keep. */
export class MedianEstimate {
  #median = 0
  #samples = 0

  observe(duration: number): void {
    this.#samples += 1
    const step = Math.max(STEP, 1 / this.#samples)
    if (this.#samples === 1) this.#median = duration
    else this.#median += Math.sign(duration - this.#median) * Math.max(0.1, this.#median * step)
  }

  /** 0 before the first sample. */
  get value(): number {
    return this.#median
  }
}
