import { percent } from './words.js'

/** @import { Frame, Outcomes, Sender, VariantFrame, VariantName } from '../src/frame.ts' */

/** Senders whose tokens an API should accept. @type {readonly Sender[]} */
export const GOOD = ['jwt', 'opaque', 'oneShotJwt', 'oneShotOpaque']
/** Senders whose tokens it should refuse. @type {readonly Sender[]} */
export const BAD = ['revoked', 'madeUp']
/** @type {readonly Sender[]} */
export const ALL = [...GOOD, ...BAD]

/** Milliseconds that the large numbers cover. */
const LATELY = 10_000

/**
 * @param {VariantFrame} one
 * @param {readonly Sender[]} senders
 * @param {keyof Outcomes} outcome
 */
export function count(one, senders, outcome) {
  return senders.reduce((sum, sender) => sum + one.outcomes[sender][outcome], 0)
}

/**
 * Accepted requests by their evidence, as the API counted them, JWTs and opaque tokens together.
 *
 * @param {VariantFrame} one
 * @param {'live' | 'cache' | 'stale'} source
 */
export function evidence(one, source) {
  return one.accepted.jwt[source] + one.accepted.opaque[source]
}

/**
 * What became of the requests with good tokens.
 *
 * @typedef {object} Summary
 * @property {number} due      answered or held back
 * @property {number} served
 * @property {number} refused
 * @property {number} unavailable
 * @property {number} failed   an error, no answer in time, or held back: whoever waited got nothing
 * @property {number} stale    accepted with evidence past its freshness
 */

/**
 * @param {readonly Frame[]} frames
 * @param {VariantName} variant
 * @returns {Summary}
 */
export function summary(frames, variant) {
  const sums = { due: 0, served: 0, refused: 0, unavailable: 0, failed: 0, stale: 0 }
  for (const { variants, load } of frames) {
    const one = variants[variant]
    sums.served += count(one, GOOD, 'accepted')
    sums.refused += count(one, GOOD, 'refused')
    sums.unavailable += count(one, GOOD, 'unavailable')
    // Nobody knows what was held back; it is as mixed as what was due.
    const held = one.heldBack && (one.heldBack * load.rate) / (load.rate + load.flood || 1)
    sums.failed += count(one, GOOD, 'failed') + held
    sums.stale += evidence(one, 'stale')
  }
  sums.due = sums.served + sums.refused + sums.unavailable + sums.failed
  return sums
}

/**
 * The part of the requests of the last seconds that went to no API, because the machine was too slow.
 *
 * @param {readonly Frame[]} frames
 * @param {Frame} last
 */
export function slowness(frames, last) {
  const stretch = lately(frames, last)
  const skipped = stretch.reduce((all, frame) => all + frame.skipped, 0)
  const due = stretch.reduce((all, { span, load }) => all + ((load.rate + load.flood) * span) / 1_000, 0)
  return due > 0 ? skipped / due : 0
}

/** @typedef {'good' | 'fair' | 'poor' | 'none'} Verdict */

/** @type {Readonly<Record<Verdict, string>>} */
export const VERDICT_WORDS = { good: 'holds', fair: 'suffers', poor: 'fails', none: 'no requests' }

/**
 * @param {Summary} sums
 * @returns {Verdict}
 */
export function verdict({ due, served }) {
  if (due === 0) return 'none'
  const share = Math.round((served / due) * 100) // as it is shown
  if (share >= 90) return 'good'
  return share >= 70 ? 'fair' : 'poor'
}

/**
 * Why the share is what it is, in one sentence: the most frequent trouble, or what the served ones rest on.
 *
 * @param {Summary} sums
 */
export function because({ due, served, refused, unavailable, failed, stale }) {
  if (due === 0) return 'No request was due.'
  const most = Math.max(refused, unavailable, failed)
  if (most > 0) {
    if (most === unavailable) return `${percent(unavailable, due)} got 503 with Retry-After: nobody can know.`
    if (most === refused) return `${percent(refused, due)} got 401 for a good token, and will throw it away.`
    return `${percent(failed, due)} got an error or no answer in time.`
  }
  if (stale > 0)
    return `${percent(Math.min(stale, served), served)} on earlier evidence, within its bound and marked stale.`
  return 'Every good token was served, on fresh evidence.'
}

/**
 * The frames that end with `last` and cover {@link LATELY}, or the last alone where that is longer.
 *
 * @param {readonly Frame[]} frames
 * @param {Frame} last
 */
export function lately(frames, last) {
  const start = last.at - LATELY
  return frames.filter((frame) => frame === last || (frame.at - frame.span / 2 > start && frame.at < last.at))
}
