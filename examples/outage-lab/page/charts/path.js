// Path data from points; `undefined` is a gap.

/** @typedef {readonly [x: number, y: number]} Point */
/** @typedef {readonly [x: number, bottom: number, top: number]} Span */

/**
 * @param {readonly (Point | undefined)[]} points
 */
export function linePath(points) {
  return runs(points)
    .map((run) => `M${joined(run)}${run.length === 1 ? 'h.01' : ''}`) // a lone point shows as a dot
    .join('')
}

/**
 * @param {readonly (Span | undefined)[]} spans
 */
export function areaPath(spans) {
  return runs(spans)
    .filter((run) => run.some(([, bottom, top]) => bottom !== top))
    .map((run) => {
      const tops = run.map(([x, , top]) => /** @type {Point} */ ([x, top]))
      const bottoms = run.toReversed().map(([x, bottom]) => /** @type {Point} */ ([x, bottom]))
      return `M${joined(tops)}L${joined(bottoms)}Z`
    })
    .join('')
}

/**
 * @template Item
 * @param {readonly (Item | undefined)[]} items
 * @returns {readonly (readonly Item[])[]} the stretches between gaps
 */
function runs(items) {
  /** @type {Item[][]} */
  const found = []
  let broken = true
  for (const item of items) {
    if (item !== undefined) {
      if (broken) found.push([])
      found.at(-1)?.push(item)
    }
    broken = item === undefined
  }
  return found
}

/**
 * @param {readonly Point[]} points
 */
function joined(points) {
  return points.map(([x, y]) => `${tenth(x)} ${tenth(y)}`).join('L')
}

/** @param {number} value */
const tenth = (value) => Math.round(value * 10) / 10
