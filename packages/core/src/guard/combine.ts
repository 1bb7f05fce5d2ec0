import type { AuthContext } from '../context.ts'
import { ConfigError, REASONS, type Refusal } from '../errors.ts'
import { type Guard, type GuardTime, scopesNeeded, guardFactory, checkGuards } from './guard.ts'

function checked(of: string, guards: readonly Guard[]): void {
  if (guards.length === 0) throw new ConfigError(`${of}(): takes one or more guards`)
  checkGuards(of, guards)
}

/** The refusal that a guard's answer means; `undefined` for yes. */
export function refusalOf(answer: unknown): Refusal | undefined {
  if (answer === true) return undefined
  const isRefusal = typeof answer === 'object' && answer !== null && 'reason' in answer
  const isKnown = isRefusal && typeof answer.reason === 'string' && Object.hasOwn(REASONS, answer.reason)
  return isKnown
    ? (answer as Refusal)
    : { reason: 'custom', detail: `the guard answered with a ${typeof answer}, not with true` }
}

function settle(
  answers: readonly unknown[],
  decide: (refusals: readonly (Refusal | undefined)[]) => true | Refusal,
): true | Refusal | Promise<true | Refusal> {
  if (answers.some((answer) => answer instanceof Promise)) {
    return Promise.all(answers).then((settled) => decide(settled.map(refusalOf)))
  }
  return decide(answers.map(refusalOf))
}

/** What every guard says. When one throws, nobody is left to hear what the others reject with. */
function answersOf(guards: readonly Guard[], auth: AuthContext, at: GuardTime): readonly unknown[] {
  const answers: unknown[] = []
  try {
    for (const guard of guards) answers.push(guard(auth, at))
    return answers
  } catch (error) {
    for (const answer of answers) if (answer instanceof Promise) answer.catch(() => undefined)
    throw error
  }
}

function combined(
  guards: readonly Guard[],
  scopes: readonly string[],
  decide: (refusals: readonly (Refusal | undefined)[]) => true | Refusal,
): Guard {
  const pure = guards.every((guard) => guard.needs?.pure === true)
  const rule = (auth: AuthContext, at: GuardTime): true | Refusal | Promise<true | Refusal> =>
    settle(answersOf(guards, auth, at), decide)
  return Object.assign(rule, { needs: Object.freeze({ scopes, ...(pure ? { pure } : {}) }) })
}

/** All of these guards must say yes; the first refusal stands. */
export function every(...guards: readonly [Guard, ...Guard[]]): Guard {
  checked('every', guards)
  return combined(guards, scopesNeeded(guards), (refusals) => refusals.find((one) => one !== undefined) ?? true)
}

/** One of these guards must say yes; otherwise the refusal stands that newer evidence could mend, else the first. */
export function some(...guards: readonly [Guard, ...Guard[]]): Guard {
  checked('some', guards)
  return combined(guards, scopesNeeded(guards.slice(0, 1)), (refusals) => {
    if (refusals.includes(undefined)) return true
    return refusals.find((one) => one!.reason === 'evidence_too_old') ?? refusals[0]!
  })
}

guardFactory(every)
guardFactory(some)
