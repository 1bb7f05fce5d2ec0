import { patterns, swatch } from './charts/inks.js'
import { plot, timeAxis } from './charts/plot.js'
import { weatherStrip } from './charts/weather-strip.js'
import { svg } from './dom.js'
import { because, lately, summary, verdict } from './figures.js'
import { ceilingOf, MEASURES } from './measures.js'
import { moment, percent } from './words.js'

/** @import { Frame, LabState, VariantText } from '../src/frame.ts' */
/** @import { View } from './charts/view.js' */
/** @import { Measure } from './measures.js' */

/** CSS pixels. */
const MARGIN = 20
const LANE = 320
const GAP = 12
const INNER = LANE - 24
const HEAD = 104
const STRIP = 44
/** Of the large number, its sentence and the lane's name. */
const SUMMARY = 92
/** Of the words above a chart. */
const CAPTION = 17

/** The measure whose inks have a legend of their own, below; those of the others stand beside their titles. */
const LEGEND = 'answers'
const LEGEND_ROWS = 2
/** CSS pixels that a letter takes, or somewhat less. */
const LETTER = 6

/**
 * The charts as one picture that needs no other file: title, date, weather, legend and colours are in it.
 *
 * @param {object} shown
 * @param {LabState} shown.lab
 * @param {readonly Frame[]} shown.frames
 * @param {View} view
 * @param {Date} date
 */
export async function pictureOf({ lab, frames }, view, date) {
  const last = view.frames.at(-1)
  if (!last) throw new Error('there is nothing to draw yet')
  const ceilings = MEASURES.map((measure) => ceilingOf(measure, view.columns, lab.variants))
  const lanes = lab.variants.map((variant, index) => {
    const node = lane(variant, view, ceilings, lately(frames, last), last)
    node.setAttribute('transform', `translate(${MARGIN + index * (LANE + GAP)} ${HEAD + STRIP})`)
    return node
  })
  const width = 2 * MARGIN + lab.variants.length * (LANE + GAP) - GAP
  const legendTop = HEAD + STRIP + laneHeight() + 24
  const height = legendTop + LEGEND_ROWS * 20 + 4
  const box = { xmlns: 'http://www.w3.org/2000/svg', width, height, viewBox: `0 0 ${width} ${height}` }
  return svg(
    'svg',
    { class: 'picture', role: 'img', 'aria-label': 'A run of the outage laboratory', ...box },
    svg('style', {}, `${colours()}\n${await styles()}`),
    patterns(),
    svg('rect', { class: 'paper-back', width, height }),
    ...heading(lab, view, last, date),
    placed(weatherStrip(view, width - 2 * MARGIN, titles(lab), undefined), MARGIN, HEAD - 10),
    ...lanes,
    ...legend(MARGIN, legendTop, width),
  )
}

/**
 * @param {SVGSVGElement} picture
 * @returns {Promise<Blob>} a PNG of twice the size, for screens with as many pixels
 */
export async function rasterOf(picture) {
  const image = new Image()
  const url = URL.createObjectURL(new Blob([textOf(picture)], { type: 'image/svg+xml' }))
  try {
    image.src = url
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = picture.width.baseVal.value * 2
    canvas.height = picture.height.baseVal.value * 2
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture is too large'))), 'image/png')
    })
  } finally {
    URL.revokeObjectURL(url)
  }
}

/** @param {SVGSVGElement} picture */
export function textOf(picture) {
  return new XMLSerializer().serializeToString(picture)
}

/**
 * @param {LabState} lab
 * @param {View} view
 * @param {Frame} last
 * @param {Date} date
 */
function heading(lab, { from, to, weather }, { load, scenario }, date) {
  const { speed } = lab
  const day = date.toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'short' })
  const sent = `${load.rate} requests per second with good tokens to each API, ${percent(load.jwtShare, 1)} JWTs, ${percent(load.oneShotShare, 1)} used only once, ${load.flood} made up on top`
  const named = [...new Set(weather.filter((one) => one.to > from).map((one) => titles(lab)(one.weather)))]
  const run = [
    `${moment(Math.max(0, from))} to ${moment(to)}`,
    named.join(', '),
    ...(scenario ? [`scenario ${scenario.name}`] : []),
    ...(speed === 1 ? [] : [`${speed} times as fast`]),
  ].join(' · ')
  return [
    words('title', MARGIN, 36, 'What four APIs serve while their authorization server is in trouble'),
    words('words', MARGIN, 58, `Holdfast, outage laboratory · ${day} · ${run}`),
    words('words', MARGIN, 76, sent),
  ]
}

/**
 * @param {VariantText} variant
 * @param {View} view
 * @param {readonly number[]} ceilings
 * @param {readonly Frame[]} stretch
 * @param {Frame} last
 */
function lane(variant, view, ceilings, stretch, last) {
  const sums = summary(stretch, variant.name)
  let y = SUMMARY
  const charts = MEASURES.flatMap((measure, index) => {
    const top = y
    y += CAPTION + measure.height + 6
    const state = measure.state?.(last.variants[variant.name])
    const title = words('measure-title', 12, top + 11, state ? `${measure.title}: ${state}` : measure.title)
    if (measure.has?.(variant) === false) return [title, ...wrapped(measure.absent ?? '', 12, top + 28)]
    const keys = measure.id === LEGEND ? [] : keysOf(measure, LANE - 12, top + 11)
    return [title, ...keys, placed(plot(measure, variant, view, ceilings[index] ?? 1, INNER), 12, top + CAPTION)]
  })
  return svg(
    'g',
    {},
    svg('rect', { class: 'panel', width: LANE, height: laneHeight() }),
    words('lane-title', 12, 24, variant.title),
    words(`share ${verdict(sums)}`, 12, 62, percent(sums.served, sums.due)),
    words('words', 12, 80, because(sums)),
    ...charts,
    placed(timeAxis(view, INNER), 12, y),
  )
}

function laneHeight() {
  return SUMMARY + MEASURES.reduce((sum, { height }) => sum + CAPTION + height + 6, 0) + 22
}

/**
 * @param {number} left
 * @param {number} top
 * @param {number} width
 */
function legend(left, top, width) {
  const named = MEASURES.find(({ id }) => id === LEGEND)?.series ?? []
  const column = (width - 2 * left) / Math.ceil(named.length / LEGEND_ROWS)
  return named.flatMap(({ kind, name, label, means }, index) => {
    const x = left + Math.floor(index / LEGEND_ROWS) * column
    const y = top + (index % LEGEND_ROWS) * 20
    return [placed(swatch(kind, name), x, y - 9), words('words', x + 20, y, `${label}: ${means}`)]
  })
}

/**
 * Samples and labels of a measure, from right to left.
 *
 * @param {Measure} measure
 * @param {number} right
 * @param {number} y
 */
function keysOf({ series }, right, y) {
  let x = right
  return series.toReversed().flatMap(({ kind, name, label }) => {
    x -= label.length * LETTER
    const text = words('words', x, y, label)
    x -= 16
    const sample = placed(swatch(kind, name), x, y - 8)
    x -= 10
    return [sample, text]
  })
}

/**
 * @param {string} kind
 * @param {number} x
 * @param {number} y
 * @param {string} text
 */
const words = (kind, x, y, text) => svg('text', { class: kind, x, y }, text)

/**
 * @param {string} text
 * @param {number} x
 * @param {number} y
 */
function wrapped(text, x, y) {
  const middle = text.indexOf(' ', text.length / 2)
  const lines = text.length > 52 ? [text.slice(0, middle), text.slice(middle + 1)] : [text]
  return lines.map((line, index) => words('words', x, y + index * 16, line))
}

/**
 * @param {SVGSVGElement} node
 * @param {number} x
 * @param {number} y
 */
function placed(node, x, y) {
  node.setAttribute('x', String(x))
  node.setAttribute('y', String(y))
  return node
}

/** @param {LabState} lab */
function titles({ weathers }) {
  return (/** @type {string} */ weather) => weathers.find(({ name }) => name === weather)?.title ?? weather
}

/** What the page draws its charts with. */
async function styles() {
  const response = await fetch('styles/charts.css')
  return response.text()
}

/** The colours of this moment's theme, so that the picture keeps them wherever it is opened. */
function colours() {
  const probe = document.body.appendChild(document.createElement('span'))
  const names = [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules])
    .flatMap((rule) => (rule instanceof CSSStyleRule && rule.selectorText === ':root' ? [...rule.style] : []))
    .filter((name) => name.startsWith('--'))
  const resolved = names.map((name) => {
    if (name === '--font') return `${name}:${getComputedStyle(probe).getPropertyValue(name)}`
    probe.style.color = `var(${name})`
    return `${name}:${getComputedStyle(probe).color}`
  })
  probe.remove()
  return `.picture{${resolved.join(';')}}`
}
