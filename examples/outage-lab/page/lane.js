import { swatch } from './charts/inks.js'
import { plot, timeAxis, timeScale } from './charts/plot.js'
import { html, say } from './dom.js'
import { because, summary, verdict, VERDICT_WORDS } from './figures.js'
import { MEASURES } from './measures.js'
import { moment, percent } from './words.js'

/** @import { Frame, VariantText } from '../src/frame.ts' */
/** @import { View } from './charts/view.js' */
/** @import { Measure, Series } from './measures.js' */

/** @typedef {ReturnType<typeof createLane>} Lane */

/**
 * The column of one API: its large number, and a chart for each measure.
 *
 * @param {VariantText} variant
 */
export function createLane(variant) {
  const word = html('span', { class: 'verdict' })
  const share = html('p', { class: 'share', 'data-figure': 'served' }, '–')
  const of = html('p', { class: 'of' })
  const reason = html('p', { class: 'because', 'data-figure': 'because' })
  const rows = MEASURES.map((measure) => createRow(measure, variant))
  const axis = html('div', { class: 'axis' })
  const cursor = html('div', { class: 'cursor', hidden: true })
  const title = `lane-${variant.name}`
  const head = html('header', {}, html('h2', { id: title }, html('span', {}, variant.title), word), share, of, reason)
  const node = html(
    'section',
    { class: 'lane', 'aria-labelledby': title, 'data-variant': variant.name },
    head,
    ...rows.map((row) => row.node),
    axis,
    cursor,
  )

  return {
    node,
    variant,
    /** CSS pixels that a chart may take. */
    get width() {
      return axis.clientWidth
    },
    /**
     * @param {View} view
     * @param {readonly number[]} ceilings  by measure
     */
    draw(view, ceilings) {
      const width = axis.clientWidth
      rows.forEach((row, index) => row.draw(view, ceilings[index] ?? 1, width))
      axis.replaceChildren(timeAxis(view, width))
    },
    /**
     * Says what the figures are at a frame, which ends the stretch that the large number covers.
     *
     * @param {readonly Frame[]} stretch
     * @param {Frame} frame
     * @param {boolean} live
     */
    read(stretch, frame, live) {
      const sums = summary(stretch, variant.name)
      const seconds = Math.round(stretch.reduce((all, { span }) => all + span, 0) / 1_000)
      node.dataset['verdict'] = verdict(sums)
      node.dataset['seq'] = String(frame.seq)
      say(word, VERDICT_WORDS[verdict(sums)])
      say(share, percent(sums.served, sums.due))
      say(of, `of good tokens served in the ${live ? 'last ' : ''}${seconds} s${live ? '' : ` to ${moment(frame.at)}`}`)
      say(reason, because(sums))
      for (const row of rows) row.read(frame)
    },
    /**
     * Draws a line through all charts, or none.
     *
     * @param {View} view
     * @param {number | undefined} at
     */
    point(view, at) {
      cursor.hidden = at === undefined || at < view.from || at > view.to
      if (at !== undefined) cursor.style.left = `${axis.offsetLeft + timeScale(view, axis.clientWidth)(at)}px`
    },
    /**
     * The time at a place on the screen.
     *
     * @param {View} view
     * @param {number} clientX
     */
    timeAt(view, clientX) {
      const { left, width } = axis.getBoundingClientRect()
      const x = timeScale(view, width)
      const [start, end] = [x(view.from), x(view.to)]
      return view.from + ((clientX - left - start) / (end - start)) * (view.to - view.from)
    },
  }
}

/**
 * @param {Measure} measure
 * @param {VariantText} variant
 */
function createRow(measure, variant) {
  const title = html('h3', {}, measure.title)
  if (measure.has?.(variant) === false) {
    const absent = html('p', { class: 'absent' }, measure.absent ?? '')
    return {
      node: html(
        'div',
        { class: 'measure', 'data-measure': measure.id },
        html('div', { class: 'caption' }, title),
        absent,
      ),
      draw() {},
      read() {},
    }
  }
  const keys = measure.series.map((series) => createKey(series))
  const state = html('b', { class: 'state' })
  const chart = html('div', { class: 'chart' })
  const caption = html('div', { class: 'caption' }, title, html('p', { class: 'keys' }, ...keys.map((key) => key.node)))
  return {
    node: html(
      'div',
      { class: 'measure', 'data-measure': measure.id },
      caption,
      ...(measure.state ? [state] : []),
      chart,
    ),
    /**
     * @param {View} view
     * @param {number} ceiling
     * @param {number} width
     */
    draw(view, ceiling, width) {
      chart.replaceChildren(plot(measure, variant, view, ceiling, width))
    },
    /** @param {Frame} frame */
    read(frame) {
      const one = frame.variants[variant.name]
      say(state, measure.state?.(one) ?? '')
      measure.series.forEach(({ value, text }, index) => keys[index]?.read(text(value(one, frame))))
    },
  }
}

/**
 * A legend that says the value, too.
 *
 * @param {Series} series
 */
function createKey({ kind, name, label, means }) {
  const value = html('b', { 'data-series': name }, '–')
  return {
    node: html('span', { title: means }, swatch(kind, name), `${label} `, value),
    /** @param {string} text */
    read(text) {
      say(value, text)
    },
  }
}
