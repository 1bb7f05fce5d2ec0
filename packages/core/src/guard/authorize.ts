import { type AuthContext, originOf } from '../context.ts'
import { AuthError, type Reason, refused, type Refusal } from '../errors.ts'
import { refusalOf } from './combine.ts'
import { type Guard, type GuardTime, scopesNeeded } from './guard.ts'

/** The first refusal among these guards, or nothing. Waits only for guards that return a promise. */
export function firstRefusal(
  auth: AuthContext,
  guards: readonly Guard[],
  at: GuardTime,
): Refusal | undefined | Promise<Refusal | undefined> {
  for (let index = 0; index < guards.length; index += 1) {
    const answer = answerOf(guards[index]!, auth, at)
    if (answer instanceof Promise) {
      const rest = guards.slice(index + 1)
      return answer.then((settled) => refusalOf(settled) ?? firstRefusal(auth, rest, at), failed)
    }
    const refusal = refusalOf(answer)
    if (refusal) return refusal
  }
  return undefined
}

function answerOf(guard: Guard, auth: AuthContext, at: GuardTime): unknown {
  try {
    return guard(auth, at)
  } catch (cause) {
    return failed(cause)
  }
}

/** A guard that throws is our mistake, whatever it throws: the request is not served. */
function failed(cause: unknown): never {
  throw cause instanceof AuthError ? cause : refused('guard_failed', { cause })
}

/** Refusals that another token may not meet. */
const MENDED_BY_A_TOKEN: readonly Reason[] = ['scope_missing', 'details_insufficient', 'login_insufficient']

/**
 * The error for a refusal. A challenge names all that the operation is known to need: where scope and authentication are
 * both lacking, one trip to the authorization server mends both (RFC 9470 §3). What details are needed has no parameter.
 */
export function errorOf(refusal: Refusal, auth: AuthContext, guards: readonly Guard[], at: GuardTime): AuthError {
  const { reason, detail, scopes } = refusal
  const details = { issuer: auth.issuer, kind: originOf(auth)?.token.provenance.tally.kind, detail }
  if (!MENDED_BY_A_TOKEN.includes(reason)) return refused(reason, details)
  const refusals = [refusal, ...pureRefusals(auth, guards, at)]
  const lacksScope = refusals.some((one) => one.reason === 'scope_missing')
  const needed = scopesNeeded(guards)
  const needs = { ...details, scopes: lacksScope ? (needed.length > 0 ? needed : scopes) : undefined }
  const stepUp = refusals.find((one) => one.reason === 'login_insufficient')
  if (!stepUp) return refused(reason, needs)
  return refused('login_insufficient', { ...needs, acrValues: stepUp.acrValues, maxAge: stepUp.maxAge })
}

function pureRefusals(auth: AuthContext, guards: readonly Guard[], at: GuardTime): Refusal[] {
  return guards.flatMap((guard) => (guard.needs?.pure === true ? (refusalIfAny(guard, auth, at) ?? []) : []))
}

/** A predicate that throws is a mistake of whoever gets so far; this request has been refused before it. */
function refusalIfAny(guard: Guard, auth: AuthContext, at: GuardTime): Refusal | undefined {
  try {
    return refusalOf(guard(auth, at))
  } catch {
    return undefined
  }
}
