import type { Reason, Refusal } from '../errors.ts'

/** One rule of a list that is asked in order: claims, headers and answers are judged by such lists. */
export interface Rule<Subject, Terms> {
  /** What its no is called. */
  readonly reason: Reason
  /** Whether it objects; as text, what exactly is wrong, for operators. Pure; `now` is in seconds. */
  readonly objects: (subject: Subject, terms: Terms, now: number) => boolean | string
}

/** The first objection, or nothing. */
export function firstObjection<Subject, Terms>(
  rules: readonly Rule<Subject, Terms>[],
  subject: Subject,
  terms: Terms,
  now: number,
): Refusal | undefined {
  for (const { reason, objects } of rules) {
    const objection = objects(subject, terms, now)
    if (objection !== false) return typeof objection === 'string' ? { reason, detail: objection } : { reason }
  }
  return undefined
}
