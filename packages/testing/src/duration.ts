import { type Duration, milliseconds as positive } from '@holdfast/core'

/** The milliseconds of a duration; negative with a leading `-`. @throws {ConfigError} for what is no duration. */
export function milliseconds(value: Duration): number {
  const isNegative = typeof value === 'string' && value.startsWith('-')
  return isNegative ? -positive(value.slice(1) as Duration) : positive(value)
}
