import { ConfigError } from '../errors.ts'
import { checkGuards, type Guard } from '../guard/guard.ts'
import { fail, flag, object, oneOf, optional, text, withDefault } from '../options/check.ts'
import { parseScope } from '../syntax/scope.ts'

/** Options of `protect`. */
export interface ProtectOptions {
  /** Lets a request without credentials pass, without `auth`. Bad credentials are still refused. Default false. */
  readonly optional?: boolean
  /** `'answer'` (default): write the response; `'next'`: hand the error to the framework. */
  readonly onRefusal?: 'answer' | 'next'
  /**
   * What becomes of a CORS preflight that no CORS middleware has answered before. `'answer'` (default): 204, without any
   * `Access-Control-Allow-…`, so that the browser goes no further. `'pass'`: handlers get it, without `auth`; only for
   * applications in which every handler behind `protect` looks at the method, because anyone can send a preflight.
   */
  readonly preflight?: 'answer' | 'pass'
  /** The property that gets the context, for those who migrate. Default `'auth'`. */
  readonly attach?: string
  /** Scopes to name in every 401, for apps whose guards come later: space-separated. */
  readonly challenge?: { readonly scope?: string }
}

/** What follows the server in `protect(server, …)`: options or not, then guards. */
export type ProtectArguments = readonly [ProtectOptions, ...Guard[]] | readonly Guard[]

export interface ProtectSettings {
  readonly optional: boolean
  readonly handOn: boolean
  readonly passPreflight: boolean
  readonly attach: string
  readonly challengeScopes: readonly string[]
  readonly guards: readonly Guard[]
}

const shape = object({
  optional: optional(flag, false),
  onRefusal: withDefault(oneOf('answer', 'next'), 'answer'),
  preflight: withDefault(oneOf('answer', 'pass'), 'answer'),
  attach: withDefault(property, 'auth'),
  challenge: withDefault(object({ scope: optional(scopes, []) }), {}),
})

/** Options stand first among the arguments, if at all. @throws {ConfigError} for what is unknown, wrong or contradictory. */
export function protectSettings(rest: ProtectArguments): ProtectSettings {
  const [first, ...others] = rest
  const hasOptions = typeof first === 'object' && first !== null
  const { optional: mayBeNobody, onRefusal, preflight, attach, challenge } = shape(hasOptions ? first : {}, '')
  const guards = (hasOptions ? others : rest) as readonly Guard[]
  if (guards.some((guard) => typeof guard !== 'function')) {
    throw new ConfigError('protect(): after the server come options, then guards such as scope(…)')
  }
  checkGuards('protect', guards)
  if (mayBeNobody && guards.length > 0) {
    throw new ConfigError(
      'protect(): "optional" and guards contradict each other; put guard(…) on the routes that need credentials',
    )
  }
  return {
    optional: mayBeNobody,
    handOn: onRefusal === 'next',
    passPreflight: preflight === 'pass',
    attach,
    challengeScopes: challenge.scope,
    guards,
  }
}

function property(value: unknown, path: string): string {
  const name = text(value, path)
  return name === '__proto__' ? fail(path, name, `the name of a property, such as 'user'`) : name
}

function scopes(value: unknown, path: string): readonly string[] {
  const named = typeof value === 'string' ? parseScope(value) : undefined
  return named && !named.includes('offline_access')
    ? named
    : fail(path, value, 'a space-separated list of scopes, without "offline_access"')
}
