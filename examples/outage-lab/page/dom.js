/** @typedef {string | number | boolean | undefined} Attribute */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, Attribute>>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function html(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children)
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, Attribute>>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}

/**
 * @template {Element} Kind
 * @param {Kind} element
 * @param {Readonly<Record<string, Attribute>>} attributes
 * @param {readonly (Node | string)[]} children
 * @returns {Kind}
 */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) element.setAttribute(name, textOf(value))
  element.append(...children)
  return element
}

/**
 * A hundredth of a pixel is more than anybody sees.
 *
 * @param {string | number | true} value
 */
function textOf(value) {
  if (value === true) return ''
  return typeof value === 'number' ? String(Math.round(value * 100) / 100) : value
}

/**
 * An element of index.html.
 *
 * @template {Element} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function byId(id, kind) {
  const element = document.getElementById(id)
  if (!(element instanceof kind)) throw new Error(`index.html has no ${kind.name} with the id ${id}`)
  return element
}

/**
 * Writes only what differs, so that a selection in the text survives.
 *
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}
