// Numbers as people read them. A no-break space keeps a number and its unit together.

const SPACE = '\u00a0'

/**
 * A part in percent. It never says 100 % unless it was all, nor 0 % unless it was nothing.
 *
 * @param {number} part
 * @param {number} whole
 */
export function percent(part, whole) {
  if (whole === 0) return '–'
  if (part === whole) return `100${SPACE}%`
  const exact = (part / whole) * 100
  if (exact > 99) return `${Math.floor(exact * 10) / 10}${SPACE}%`
  if (exact > 0 && exact < 1) return `${Math.ceil(exact * 10) / 10}${SPACE}%`
  return `${Math.round(exact)}${SPACE}%`
}

/**
 * A number for each second: one decimal under ten.
 *
 * @param {number} value
 */
export function rate(value) {
  return value > 0 && value < 9.95 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value))
}

/**
 * @param {number | null} milliseconds
 */
export function duration(milliseconds) {
  if (milliseconds === null) return '–'
  if (milliseconds < 9.95) return `${Number(milliseconds.toFixed(1))}${SPACE}ms`
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}${SPACE}ms`
  if (milliseconds < 9_950) return `${Number((milliseconds / 1_000).toFixed(1))}${SPACE}s`
  return `${Math.round(milliseconds / 1_000)}${SPACE}s`
}

/**
 * Minutes and seconds since the laboratory was started.
 *
 * @param {number} milliseconds
 */
export function moment(milliseconds) {
  const seconds = Math.round(milliseconds / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
