import type { Locator } from 'playwright-core'

/** WCAG 2.1, 1.4.3: of text that is not large. */
const ENOUGH = 4.5

/** Texts that do not stand out from what is behind them, each with its contrast. */
export async function contrast(place: Locator): Promise<readonly string[]> {
  const texts = await place.evaluate((body) => {
    const window = body.ownerDocument.defaultView
    const groundOf = (node: typeof body): string => {
      for (let at = node; at; at = at.parentElement) {
        const color: string = window.getComputedStyle(at).backgroundColor
        if (!color.endsWith(', 0)')) return color
      }
      return 'rgb(255, 255, 255)'
    }
    const nodes: (typeof body)[] = [...body.querySelectorAll('*')]
    return nodes
      .filter((node) => node.checkVisibility() && node.closest('svg') === null && node.closest(':disabled') === null)
      .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim() !== ''))
      .map((node) => [String(node.textContent), String(window.getComputedStyle(node).color), groundOf(node)] as const)
  })
  if (texts.length < 50) throw new Error(`only ${texts.length} texts were found`)
  return texts.flatMap(([text, ink, ground]) => {
    const ratio = ratioOf(luminance(ink), luminance(ground))
    return ratio < ENOUGH ? [`${text.slice(0, 30)}: ${ratio.toFixed(1)} (${ink} on ${ground})`] : []
  })
}

function ratioOf(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
}

/** Relative luminance of `rgb(…)`. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => linear(Number(part) / 255))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const linear = (part: number): number => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
