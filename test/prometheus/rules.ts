import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { root } from '../docs/documents.ts'

const FOLDER = join(root, 'packages/prometheus/rules')

/** The files with rules that are shipped, by name. */
export const RULES: ReadonlyMap<string, string> = new Map(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yml'))
    .map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]),
)

export const ALERTS: string = RULES.get('alerts.yml')!

export interface Rule {
  readonly alert: string | undefined
  readonly record: string | undefined
  readonly expr: string
  /** All of it, as written. */
  readonly text: string
}

/** The rules of a file, which has them in this project's layout: what YAML would allow beside it is not understood. */
export function rulesIn(file: string): readonly Rule[] {
  const texts = file.split(/^ {6}- (?=alert:|record:)/m).slice(1)
  return texts.map((text) => ({
    alert: /^alert: (\w+)$/m.exec(text)?.[1],
    record: /^record: (\S+)$/m.exec(text)?.[1],
    expr: /^ {8}expr: (.*(?:\n {10}.*)*)/m.exec(text)![1]!,
    text,
  }))
}

/**
 * The same rules for a shorter day: every duration is divided, those of ranges and offsets as well as `for`. Labels and
 * texts stay as they are. Thresholds stay, too: they are numbers, of seconds or of parts.
 */
export function hurried(file: string, times: number): string {
  const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const
  const shorter = (text: string): string =>
    text.replaceAll(
      /("[^"]*")|(?<![\w.])(\d+)(ms|s|m|h)\b/g,
      (all, quoted: string | undefined, count: string, unit: keyof typeof UNITS) =>
        quoted ?? `${Math.max(1, Math.round((Number(count) * UNITS[unit]) / times))}ms`,
    )
  return file.replaceAll(
    /^( {8}(?:expr|for): )(.*(?:\n {10}.*)*)/gm,
    (_, key: string, value: string) => key + shorter(value),
  )
}
