import { roundUp } from './charts/scale.js'
import { ALL, BAD, count, evidence, GOOD } from './figures.js'
import { duration, percent, rate } from './words.js'

/** @import { Frame, VariantFrame, VariantName, VariantText } from '../src/frame.ts' */

/**
 * What a row of charts shows, in every lane.
 *
 * @typedef {object} Measure
 * @property {string} id
 * @property {string} title
 * @property {number} height  in CSS pixels
 * @property {readonly Series[]} series  areas are stacked in this order; lines lie above them
 * @property {number} [floor]  the low end of a logarithmic scale; without it the scale is linear and begins at 0
 * @property {(highest: number) => number} ceiling  the high end, one for all lanes
 * @property {(ceiling: number) => readonly number[]} [marks]  Default: the ceiling and half of it.
 * @property {(value: number) => string} label  of a mark
 * @property {(variant: VariantText) => number} [bound]  drawn as a line of its own; 0 for none
 * @property {(one: VariantFrame) => string | undefined} [state]  drawn as a strip above
 * @property {string} [absent]  said instead of a chart where an API has no such thing
 * @property {(variant: VariantText) => boolean} [has]
 */

/**
 * @typedef {object} Series
 * @property {'area' | 'line'} kind
 * @property {string} name  of its ink or its line
 * @property {string} label
 * @property {string} means  the label in a sentence
 * @property {(one: VariantFrame, frame: Frame) => number | null} value
 * @property {boolean} [peak]  of several frames the highest is drawn, not the mean
 * @property {(value: number | null) => string} text
 */

/**
 * @param {number} amount
 * @param {Frame} frame
 */
const perSecond = (amount, { span }) => (amount * 1_000) / span

/** @param {number | null} value */
const rateText = (value) => (value === null ? '–' : rate(value))

/**
 * @param {string} name
 * @param {string} label
 * @param {string} means
 * @param {(one: VariantFrame) => number} amount
 * @returns {Series}
 */
function flow(name, label, means, amount) {
  return { kind: 'area', name, label, means, value: (one, frame) => perSecond(amount(one), frame), text: rateText }
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} means
 * @param {(one: VariantFrame) => number | null} value
 * @param {Series['text']} text
 * @returns {Series}
 */
function line(name, label, means, value, text) {
  return { kind: 'line', name, label, means, value, text }
}

/** @param {number | null} part */
const partText = (part) => (part === null ? '–' : percent(part, 1))

/** @type {readonly Measure[]} */
export const MEASURES = [
  {
    id: 'answers',
    title: 'Answers per second',
    height: 110,
    ceiling: (highest) => roundUp(highest, 10),
    label: rate,
    series: [
      flow('live', 'live', 'accepted, verified now', (one) => evidence(one, 'live')),
      flow('cache', 'cache', 'accepted, from the cache', (one) => evidence(one, 'cache')),
      flow('stale', 'stale', 'accepted, on evidence past its freshness', (one) => evidence(one, 'stale')),
      flow('turned', '401 due', 'refused, and rightly', (one) => count(one, BAD, 'refused')),
      flow('unavailable', '503', 'nobody can tell now', (one) => count(one, ALL, 'unavailable')),
      flow('wrong', '401 wrong', 'a good token refused', (one) => count(one, GOOD, 'refused')),
      flow(
        'failed',
        'failed',
        'an error, no answer in time, or held back',
        (one) => count(one, ALL, 'failed') + one.heldBack,
      ),
      {
        kind: 'line',
        name: 'alarm',
        label: 'bad served',
        means: 'a revoked or made-up token accepted',
        value: (one, frame) => perSecond(count(one, BAD, 'accepted'), frame) || null,
        text: (value) => rate(value ?? 0),
      },
    ],
  },
  {
    id: 'latency',
    title: 'Latency',
    height: 50,
    floor: 0.3,
    ceiling: () => 10_000,
    marks: () => [10, 1_000],
    label: duration,
    series: [
      line('first', 'p50', 'half of all answers are faster', (one) => one.latency.p50, duration),
      { ...line('second', 'p99', '99 of 100 answers are faster', (one) => one.latency.p99, duration), peak: true },
    ],
  },
  {
    id: 'age',
    title: 'Evidence age',
    height: 50,
    ceiling: (highest) => roundUp(highest / 1_000, 1) * 1_000,
    label: duration,
    bound: ({ oldest }) => oldest,
    series: [
      {
        ...line('first', 'max', 'the oldest that a token was accepted on', (one) => one.evidenceAge.max, duration),
        peak: true,
      },
      line('second', 'p50', 'half of the accepted requests had newer', (one) => one.evidenceAge.p50, duration),
    ],
  },
  {
    id: 'asked',
    title: 'Calls it makes',
    height: 50,
    ceiling: (highest) => roundUp(highest, 4),
    label: rate,
    series: [
      flow(
        'asked',
        'per s',
        'calls for tokens, keys and metadata',
        ({ asked }) => asked.introspection + asked.keys + asked.metadata,
      ),
      line('first', 'waiting', 'calls that wait for an answer', ({ asked }) => asked.waiting, rateText),
    ],
  },
  {
    id: 'endpoint',
    title: 'Endpoint',
    height: 64,
    ceiling: (highest) => roundUp(highest, 4),
    label: rate,
    state: ({ endpoint }) => (endpoint?.misconfigured ? 'misconfigured' : endpoint?.state),
    has: ({ holdfast }) => holdfast,
    absent: 'Keeps no state of it: every miss is one more call, however the server fares.',
    series: [
      flow('queued', 'queue', 'tokens that wait for a turn', ({ endpoint }) => sum(endpoint?.queued)),
      line('first', 'calls', 'calls in flight', ({ endpoint }) => endpoint?.inFlight ?? null, rateText),
      line('second', 'limit', 'calls that may be in flight', ({ endpoint }) => endpoint?.limit ?? null, rateText),
    ],
  },
  {
    id: 'survivable',
    title: 'If the server died now',
    height: 46,
    ceiling: () => 1,
    label: (part) => percent(part, 1),
    has: ({ holdfast }) => holdfast,
    absent: 'It cannot tell.',
    series: [
      line('first', '1 min', 'still served after a minute', ({ survivable }) => survivable?.['1m'] ?? null, partText),
      line('second', '5 min', 'after five minutes', ({ survivable }) => survivable?.['5m'] ?? null, partText),
      line('third', '1 h', 'after an hour', ({ survivable }) => survivable?.['1h'] ?? null, partText),
    ],
  },
]

/** @param {Readonly<Record<string, number>> | undefined} counts */
function sum(counts = {}) {
  return Object.values(counts).reduce((all, one) => all + one, 0)
}

/**
 * What is drawn of several frames in one place; `null` where none of them has a value.
 *
 * @param {Series} series
 * @param {readonly Frame[]} frames
 * @param {VariantName} variant
 */
export function valueOf({ value, peak }, frames, variant) {
  const values = frames.map((frame) => value(frame.variants[variant], frame)).filter((one) => one !== null)
  if (values.length === 0) return null
  return peak ? Math.max(...values) : values.reduce((all, one) => all + one, 0) / values.length
}

/**
 * The high end of a measure's scale: the lanes share it, or they could not be compared.
 *
 * @param {Measure} measure
 * @param {readonly (readonly Frame[])[]} columns
 * @param {readonly VariantText[]} variants
 */
export function ceilingOf(measure, columns, variants) {
  let highest = 0
  for (const variant of variants) {
    if (measure.has?.(variant) === false) continue
    highest = Math.max(highest, measure.bound?.(variant) ?? 0)
    for (const frames of columns) {
      let stacked = 0
      for (const series of measure.series) {
        const amount = valueOf(series, frames, variant.name) ?? 0
        if (series.kind === 'area') stacked += amount
        else highest = Math.max(highest, amount)
      }
      highest = Math.max(highest, stacked)
    }
  }
  return measure.ceiling(highest)
}
