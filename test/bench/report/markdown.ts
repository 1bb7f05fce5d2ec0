import type { Estimate } from '../statistics.ts'

/** Three significant digits. */
export function figureOf(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = { minimumSignificantDigits: 3, maximumSignificantDigits: 3 }
  return value.toLocaleString('en', value === 0 ? {} : digits)
}

/** With the interval that holds the true one with 95 %; without it where there was one sample only. */
export function estimateOf({ median, low, high }: Estimate): string {
  return low === high ? figureOf(median) : `${figureOf(median)} (${figureOf(low)}–${figureOf(high)})`
}

/** As the formatter writes it: cells padded, the first `left` columns to the left and the others to the right. */
export function tableOf(lines: readonly (readonly string[])[], left: number): string {
  const widths = lines[0]!.map((_, column) =>
    Math.max(column < left ? 3 : 4, ...lines.map((line) => line[column]!.length)),
  )
  const rule = widths.map((width, column) => (column < left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [lines[0]!, rule, ...lines.slice(1)]
    .map((line) =>
      line.map((cell, column) => (column < left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))),
    )
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}
