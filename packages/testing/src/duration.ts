import { type Duration, milliseconds as positive } from '@holdfast/core'

/** The milliseconds of a duration; negative with a leading `-`. @throws {ConfigError} for a text that is no duration. */
export function milliseconds(value: Duration): number {
  return value.startsWith('-') ? -positive(value.slice(1) as Duration) : positive(value)
}
