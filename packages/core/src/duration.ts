import { ConfigError } from './errors.ts'

/** A length of time with its unit written out: `'250ms'`, `'30s'`, `'5m'`, `'24h'`, `'7d'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const SHAPE = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/

/** The milliseconds of a duration text, or `undefined` where it is not one. */
export function parseDuration(text: unknown): number | undefined {
  const parts = typeof text === 'string' ? SHAPE.exec(text) : null
  return parts ? Number(parts[1]) * UNITS[parts[2]!]! : undefined
}

/** The milliseconds of a duration. @throws {ConfigError} for text that is none. */
export function milliseconds(value: Duration): number {
  const ms = parseDuration(value)
  if (ms === undefined)
    throw new ConfigError(`a duration is a number with a unit such as '30s' or '5m', not ${JSON.stringify(value)}`)
  return ms
}

/**
 * Gives text from outside the program, such as an environment variable, the type {@link Duration}.
 *
 * @throws {ConfigError} when the text is not a number followed by `ms`, `s`, `m`, `h` or `d`.
 */
export function duration(text: string): Duration {
  milliseconds(text as Duration)
  return text as Duration
}
