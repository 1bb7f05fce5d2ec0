import type { AuthContext } from '../context.ts'
import { ConfigError, type Refusal } from '../errors.ts'

/** Time for guards, in seconds. */
export interface GuardTime {
  /** Since 1970. */
  readonly now: number
  /** By how much clocks may differ: the server's `clockSkew`. Default 30. */
  readonly skew?: number
}

/**
 * A rule that must say yes: `true` admits; a refusal refuses; anything else, a forgotten `return` included, is refused
 * as `custom`. What it throws is a mistake of ours: 500. (A promise may be of any boolean, because TypeScript widens what
 * an `async` function returns; `false` refuses.)
 */
export type Guard = ((auth: AuthContext, at: GuardTime) => true | Refusal | Promise<boolean | Refusal>) & {
  /** What the guard is known to need, so that one challenge can name it all. */
  readonly needs?: GuardNeeds
}

export interface GuardNeeds {
  readonly scopes?: readonly string[] | undefined
  /** Present on the guards of this library: pure, so that they may run after another guard has refused. */
  readonly pure?: true
}

/** A guard that answers at once and has no effects. */
export type PureGuard = ((auth: AuthContext, at: GuardTime) => true | Refusal) & { readonly needs: GuardNeeds }

export function pureGuard(
  rule: (auth: AuthContext, at: GuardTime) => true | Refusal,
  needs: GuardNeeds = {},
): PureGuard {
  return Object.assign(rule, { needs: Object.freeze({ ...needs, pure: true as const }) })
}

/** A predicate without type checks may return anything; only `true` is a yes. */
export function saysYes(said: unknown): boolean {
  // Nobody waits for it, and what it rejects with must not end the process.
  if (said instanceof Promise) said.catch(() => undefined)
  return said === true
}

const factories = new WeakSet<object>()

/** Remembers a function that makes guards, so that one who forgets to call it is told. */
export function guardFactory<T extends (...args: never[]) => Guard>(factory: T): T {
  factories.add(factory)
  return factory
}

/** @throws {ConfigError} for what is no guard, and for what only looks like one. */
export function checkGuards(of: string, guards: readonly unknown[]): void {
  for (const guard of guards) {
    if (typeof guard !== 'function') {
      throw new ConfigError(
        `${of}(): takes guards, such as scope('orders:read'), one by one; it got ${Array.isArray(guard) ? 'a list' : typeof guard}`,
      )
    }
    if (factories.has(guard)) throw new ConfigError(`${of}(): "${guard.name}" is not called; write ${guard.name}(…)`)
    if (guard.length > 2 || guard.name.startsWith('holdfast')) {
      throw new ConfigError(
        `${of}(): takes guards, not middleware; write scope('orders:read') itself, or put the middleware beside it`,
      )
    }
  }
}

/** Every scope that these guards ask for, each once, in order. */
export function scopesNeeded(guards: readonly Guard[]): readonly string[] {
  return [...new Set(guards.flatMap((guard) => guard.needs?.scopes ?? []))]
}
