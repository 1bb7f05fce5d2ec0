import { type Answer, answer } from '../answer.ts'
import type { AuthContext } from '../context.ts'
import { AuthError, ConfigError, refused } from '../errors.ts'
import { hasCredentials } from '../extract.ts'
import { type Guard, scopesNeeded } from '../guard/guard.ts'
import { type AuthRequest, isPreflight } from '../request.ts'
import type { ResourceServer } from '../resource-server.ts'
import { parseScope } from '../syntax/scope.ts'
import { type Seat, seatOf, sit } from './seat.ts'

/** Options of `protect`. */
export interface ProtectOptions {
  /** Lets a request without credentials pass, without `auth`. Bad credentials are still refused. Default false. */
  readonly optional?: boolean
  /** `'answer'` (default): write the response; `'next'`: hand the error to the framework. */
  readonly onRefusal?: 'answer' | 'next'
  /** The property that gets the context, for those who migrate. Default `'auth'`. */
  readonly attach?: string
  /** Scopes to name in every 401, for apps whose guards come later: space-separated. */
  readonly challenge?: { readonly scope?: string }
}

/** What `protect` or `guard` decided. An adapter translates it and decides nothing. */
export type Passage =
  | { readonly is: 'pass'; readonly seat: Seat }
  | { readonly is: 'refused'; readonly error: AuthError; readonly answer: Answer; readonly handOn: boolean }

/** What `protect` does, without a framework: authenticates a request once, and asks its guards. */
export interface Gate {
  readonly server: ResourceServer
  /** @param subject The object that stands for the request; whoever holds it finds the context again. */
  enter(subject: object, request: AuthRequest): Passage | Promise<Passage>
}

/** @throws {ConfigError} for an option that is unknown or wrong. */
export function createGate(server: ResourceServer, options: ProtectOptions, guards: readonly Guard[]): Gate {
  const { optional, attach, handOn, challengeScopes } = checked(options, guards)
  const needs = { scopes: [...new Set([...challengeScopes, ...scopesNeeded(guards)])] }

  function enter(subject: object, request: AuthRequest): Passage | Promise<Passage> {
    const earlier = seatOf(subject)
    if (earlier?.server === server && earlier.auth) return admit(subject, earlier.auth)
    // Neither carries credentials, and neither is a way in: a guard behind them still refuses.
    if (isPreflight(request)) return take(subject, undefined, 'preflight')
    if (server.metadata?.answer(request)) return take(subject, undefined, 'open')
    if (optional && !hasCredentials(request)) return take(subject, undefined, 'open')

    const tried = server.tryAuthenticate(request, needs)
    if (tried instanceof AuthError) return refusal(tried)
    if (tried) return admit(subject, tried)
    return server.authenticate(request, needs).then((auth) => admit(subject, auth), refusal)
  }

  function admit(subject: object, auth: AuthContext): Passage | Promise<Passage> {
    try {
      const authorized = server.authorize(auth, ...guards)
      if (!(authorized instanceof Promise)) return take(subject, authorized)
      return authorized.then((newer) => take(subject, newer), refusal)
    } catch (error) {
      return refusal(error)
    }
  }

  function take(subject: object, auth: AuthContext | undefined, without?: Seat['without']): Passage {
    return { is: 'pass', seat: sit(subject, { server, auth, without, attach, handOn }) }
  }

  const refusal = (error: unknown): Passage => refusedPassage(server, error, handOn)

  return { server, enter }
}

/** What `guard` does, without a framework. A request that no gate has seen is refused as a mistake of ours. */
export function passGuards(
  subject: object,
  request: AuthRequest,
  guards: readonly Guard[],
): Passage | Promise<Passage> {
  const seat = seatOf(subject)
  if (!seat) return withoutGate()
  const { server, auth, handOn } = seat
  const refusal = (error: unknown): Passage => refusedPassage(server, error, handOn)
  if (!auth) {
    if (seat.without === 'preflight') return { is: 'pass', seat }
    const anonymous = server.tryAuthenticate(
      { method: request.method, rawHeaders: [] },
      { scopes: scopesNeeded(guards) },
    )
    return refusal(anonymous ?? refused('credentials_missing'))
  }
  const take = (newer: AuthContext): Passage => ({
    is: 'pass',
    seat: newer === auth ? seat : sit(subject, { ...seat, auth: newer }),
  })
  try {
    const authorized = server.authorize(auth, ...guards)
    return authorized instanceof Promise ? authorized.then(take, refusal) : take(authorized)
  } catch (error) {
    return refusal(error)
  }
}

function refusedPassage(server: ResourceServer, error: unknown, handOn: boolean): Passage {
  const known = error instanceof AuthError ? error : refused('internal_error', { cause: error })
  return { is: 'refused', error: known, answer: server.answer(known), handOn }
}

let warned = false

function withoutGate(): Passage {
  if (!warned) {
    warned = true
    process.emitWarning(
      'a guard was reached on a request that protect() has not seen; put app.use(protect(server)) before it',
      {
        type: 'HoldfastWarning',
        code: 'HOLDFAST_GUARD_WITHOUT_PROTECT',
      },
    )
  }
  const error = refused('guard_without_protect')
  return { is: 'refused', error, answer: answer(error, NO_CHALLENGE), handOn: false }
}

const NO_CHALLENGE = Object.freeze({ realm: '', describeErrors: false, resourceMetadataUrl: () => undefined })

const NAMES = ['optional', 'onRefusal', 'attach', 'challenge']

function checked(
  options: ProtectOptions,
  guards: readonly Guard[],
): { optional: boolean; attach: string; handOn: boolean; challengeScopes: readonly string[] } {
  const { optional = false, onRefusal = 'answer', attach = 'auth', challenge = {} } = options
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name))
  if (unknown !== undefined)
    throw new ConfigError(`protect(): unknown option "${unknown}"; the options here are ${NAMES.join(', ')}`)
  if (typeof optional !== 'boolean') throw new ConfigError(`protect(): option "optional" is true or false`)
  if (onRefusal !== 'answer' && onRefusal !== 'next')
    throw new ConfigError(`protect(): option "onRefusal" is 'answer' or 'next'`)
  if (typeof attach !== 'string' || attach === '')
    throw new ConfigError(`protect(): option "attach" is the name of a property, such as 'user'`)
  const challengeScopes = challenge.scope === undefined ? [] : parseScope(challenge.scope)
  if (!challengeScopes) throw new ConfigError(`protect(): option "challenge.scope" is a space-separated list of scopes`)
  if (guards.some((guard) => typeof guard !== 'function'))
    throw new ConfigError('protect(): after the server come options, then guards such as scope(…)')
  if (optional && guards.length > 0)
    throw new ConfigError(
      'protect(): "optional" and guards contradict each other; put guard(…) on the routes that need credentials',
    )
  return { optional, attach, handOn: onRefusal === 'next', challengeScopes }
}
