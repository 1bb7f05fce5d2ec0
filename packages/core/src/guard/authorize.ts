import type { AuthContext } from '../context.ts'
import { AuthError, refused, type Refusal } from '../errors.ts'
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

/** The error for a refusal, its challenge completed by what the other guards of the operation are known to need. */
export function errorOf(refusal: Refusal, auth: AuthContext, guards: readonly Guard[], at: GuardTime): AuthError {
  const { reason, detail } = refusal
  const details = { issuer: auth.issuer, detail }
  if (reason === 'scope_missing') {
    const stepUp = pureRefusals(auth, guards, at).find((one) => one.reason === 'login_insufficient')
    const scopes = scopesNeeded(guards)
    if (!stepUp) return refused(reason, { ...details, scopes: scopes.length > 0 ? scopes : refusal.scopes })
    return refused('login_insufficient', {
      issuer: auth.issuer,
      acrValues: stepUp.acrValues,
      maxAge: stepUp.maxAge,
      scopes,
    })
  }
  if (reason === 'login_insufficient') {
    // Both at once: one trip to the authorization server instead of two (RFC 9470 §3).
    const lacksScope = pureRefusals(auth, guards, at).some((one) => one.reason === 'scope_missing')
    return refused(reason, {
      ...details,
      acrValues: refusal.acrValues,
      maxAge: refusal.maxAge,
      scopes: lacksScope ? scopesNeeded(guards) : undefined,
    })
  }
  return refused(reason, details)
}

function pureRefusals(auth: AuthContext, guards: readonly Guard[], at: GuardTime): Refusal[] {
  return guards.flatMap((guard) => (guard.needs?.pure === true ? (refusalOf(guard(auth, at)) ?? []) : []))
}
