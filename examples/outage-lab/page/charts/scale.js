/** @typedef {(value: number) => number} Scale */

/**
 * @param {number} low
 * @param {number} high
 * @param {number} start  where `low` comes to lie
 * @param {number} end    where `high` does
 * @returns {Scale}
 */
export function linear(low, high, start, end) {
  const slope = (end - start) / (high - low || 1)
  return (value) => start + (value - low) * slope
}

/**
 * What is below `low` lies on it: a logarithm knows no zero.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} start
 * @param {number} end
 * @returns {Scale}
 */
export function logarithmic(low, high, start, end) {
  const scale = linear(Math.log(low), Math.log(high), start, end)
  return (value) => scale(Math.log(Math.min(high, Math.max(low, value))))
}

const STEPS = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10]

/**
 * The least round number that is not below either.
 *
 * @param {number} value
 * @param {number} least
 */
export function roundUp(value, least) {
  const wanted = Math.max(value, least)
  const unit = 10 ** Math.floor(Math.log10(wanted))
  return (STEPS.find((step) => step * unit >= wanted) ?? 10) * unit
}

/** Milliseconds between two marks of a time axis. */
const INTERVALS = [5, 10, 15, 30, 60, 120, 300, 600, 1_200].map((seconds) => seconds * 1_000)

/**
 * @param {number} from
 * @param {number} to
 * @param {number} most
 * @returns {readonly number[]} round times, at most so many
 */
export function timeMarks(from, to, most) {
  const step = INTERVALS.find((interval) => (to - from) / interval <= most) ?? 3_600_000
  const first = Math.max(0, Math.ceil(from / step)) // there is nothing before the laboratory
  return Array.from({ length: Math.max(0, Math.floor(to / step) - first + 1) }, (_, index) => (first + index) * step)
}
