import { AuthError, optionFor, type Reason } from '../errors.ts'
import { oneLine } from '../syntax/one-line.ts'
import type { Rule } from '../verify/rule.ts'

/** One thing that a token is judged by. */
export interface ExplainedCheck {
  /** What its no is called, in events and in the documentation. */
  readonly reason: Reason
  /** `unknown`: only the network could tell. */
  readonly outcome: 'passed' | 'failed' | 'unknown'
  /** What was found, and what was wanted. Quotes header parameters, `iss`, `aud` and times; for operators and developers. */
  readonly detail?: string
  /** The option that would change a no. */
  readonly option?: string
}

/** Collects checks in the order in which they are made; each reason once. */
export class Checks {
  readonly #checks = new Map<Reason, ExplainedCheck>()

  get all(): readonly ExplainedCheck[] {
    return [...this.#checks.values()]
  }

  /** Whether a check has failed so far. */
  get refused(): boolean {
    return this.all.some(({ outcome }) => outcome === 'failed')
  }

  passed(reason: Reason): void {
    if (!this.#checks.has(reason)) this.#checks.set(reason, { reason, outcome: 'passed' })
  }

  failed(reason: Reason, detail?: string): void {
    this.#add(reason, 'failed', detail)
  }

  unknown(reason: Reason, detail?: string): void {
    this.#add(reason, 'unknown', detail)
  }

  /** Asks every rule, also after one has objected. */
  rules<Subject, Terms>(
    rules: readonly Rule<Subject, Terms>[],
    subject: Subject,
    terms: Terms,
    now: number,
    detailOf: (reason: Reason) => string | undefined,
  ): void {
    for (const { reason, objects } of rules) {
      const objection = objects(subject, terms, now)
      if (objection === false) this.passed(reason)
      else this.failed(reason, typeof objection === 'string' ? objection : detailOf(reason))
    }
  }

  /**
   * Does one step of verification; a refusal is a failed check, and one that nobody can judge an unknown.
   *
   * @param otherwise What a no for this reason is about, where it does not say so itself.
   */
  async step<T>(
    reason: Reason,
    work: () => T | Promise<T>,
    otherwise?: () => string | undefined,
  ): Promise<T | undefined> {
    try {
      const result = await work()
      this.passed(reason)
      return result
    } catch (error) {
      if (!(error instanceof AuthError)) throw error
      const detail = AuthError.detailsOf(error).detail ?? (error.reason === reason ? otherwise?.() : undefined)
      this.#add(error.reason, error.code === 'unavailable' ? 'unknown' : 'failed', detail)
      return undefined
    }
  }

  /** The first no stays what it is: the details of a later one say less. */
  #add(reason: Reason, outcome: 'failed' | 'unknown', detail: string | undefined): void {
    if (this.#checks.get(reason)?.outcome === 'failed') return
    const option = optionFor(reason)
    this.#checks.set(reason, {
      reason,
      outcome,
      ...(detail === undefined ? {} : { detail: oneLine(detail) }),
      ...(option === undefined ? {} : { option }),
    })
  }
}
