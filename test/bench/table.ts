import type { Measure, Result } from './result.ts'
import { estimate, ratios } from './statistics.ts'

/** What the samples count, as a heading. */
const UNITS: Readonly<Record<Measure, string>> = {
  cpu: 'µs CPU',
  wall: 'µs',
  throughput: 'per second',
  bytes: 'octets',
  calls: 'calls',
}

/** One line for each result; the ratio to the baseline of its row with the interval of 95 % around it. */
export function tableOf(results: readonly Result[]): string {
  const lines = results.map((result) => {
    const { row, subject, measure, cpuMicros, wallMicros, ratio, samples, baseline, figures = {} } = result
    const compared = results.find((one) => one.row === row && one.subject === baseline && one.measure === measure)
    const { low, high } = estimate(compared ? ratios(samples, compared.samples) : [])
    const told = Object.entries(figures)
      .filter(([name]) => name !== 'subtractedMicros')
      .map(([name, value]) => `${name} ${short(value)}`)
    return [
      row,
      subject,
      `${short(estimate(samples).median)} ${UNITS[measure]}`,
      beside(measure, cpuMicros, wallMicros),
      short(ratio),
      `${short(low)}–${short(high)}`,
      `of ${baseline}`,
      told.join(', '),
    ]
  })
  return aligned([['row', 'subject', 'median', 'beside', 'ratio', '95 %', 'baseline', 'also'], ...lines])
}

/** The other of the two times; neither where no time was measured. */
function beside(measure: Measure, cpu: number, wall: number): string {
  if (cpu === 0 && wall === 0) return ''
  return measure === 'cpu' ? `${short(wall)} µs` : `${short(cpu)} µs CPU`
}

/** Three significant digits, and no exponent. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(Math.min(digits, 4))
}

/** Numbers to the right. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const padded = lines.map((line) =>
    line.map((cell, column) =>
      column >= 2 && column <= 5 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
    ),
  )
  return padded.map((line) => line.join('  ').trimEnd()).join('\n')
}
