import { type Answer, answer } from '../answer.ts'
import type { AuthContext } from '../context.ts'
import { AuthError, ConfigError, refused } from '../errors.ts'
import { hasCredentials } from '../extract.ts'
import { type Guard, scopesNeeded } from '../guard/guard.ts'
import type { ResourceServerOptions } from '../options/options.ts'
import { type AuthRequest, isPreflight } from '../request.ts'
import type { ResourceServer } from '../resource-server.ts'
import { parseScope } from '../syntax/scope.ts'
import { type Seat, seatOf, sit } from './seat.ts'
import { serverOf } from './server-of.ts'

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

/** What follows the server in `protect(server, …)`: options or not, then guards. */
export type ProtectArguments = readonly [ProtectOptions, ...Guard[]] | readonly Guard[]

/** What a gate decided. An adapter translates it and decides nothing. */
export type Passage =
  | { readonly is: 'pass'; readonly seat: Seat }
  | {
      readonly is: 'answer'
      readonly answer: Answer
      /** What the answer says no to; `undefined` for a document that needs no token. */
      readonly error: AuthError | undefined
      /** Whether the framework's error handling answers instead. */
      readonly handOn: boolean
    }

/** What `protect` and `guard` do, without a framework. Decides at once unless there is something to wait for. */
export interface Gate {
  /** @param subject The object that stands for the request; whoever holds it finds the context again. Never rejects. */
  enter(subject: object, request: AuthRequest): Passage | Promise<Passage>
}

/** What `protect` does: authenticates a request once, and asks its guards. */
export interface OuterGate extends Gate {
  readonly server: ResourceServer
}

/** @throws {ConfigError} for an option that is unknown or wrong. */
export function createGate(given: ResourceServer | ResourceServerOptions, rest: ProtectArguments): OuterGate {
  const [options, guards] = sorted(rest)
  const { optional, attach, handOn, challengeScopes } = checked(options, guards)
  const server = serverOf(given)
  const needs = { scopes: [...new Set([...challengeScopes, ...scopesNeeded(guards)])] }

  function enter(subject: object, request: AuthRequest): Passage | Promise<Passage> {
    const earlier = seatOf(subject)
    if (earlier?.server === server && earlier.auth) return admit(subject, earlier.auth)
    // The document is public, wherever it is mounted (RFC 9728 §3). It is answered here rather than let in: a handler
    // that takes every path must not meet a request without `auth`.
    const document = server.announcesMetadata ? server.metadata?.answer(request) : undefined
    if (document) return { is: 'answer', answer: document, error: undefined, handOn: false }
    // Neither carries credentials, and neither is a way in: a guard behind them still refuses.
    if (isPreflight(request)) return take(subject, undefined, 'preflight')
    if (optional && !hasCredentials(request)) return take(subject, undefined, 'optional')

    const tried = server.tryAuthenticate(request, needs)
    if (tried instanceof AuthError) return refusal(tried)
    if (tried) return admit(subject, tried)
    return server.authenticate(request, needs).then((auth) => admit(subject, auth), refusal)
  }

  function admit(subject: object, auth: AuthContext): Passage | Promise<Passage> {
    return authorized(server, auth, guards, (newer) => take(subject, newer), refusal)
  }

  function take(subject: object, auth: AuthContext | undefined, without?: Seat['without']): Passage {
    return { is: 'pass', seat: sit(subject, { server, auth, without, attach, handOn }) }
  }

  const refusal = (error: unknown): Passage => refusedPassage(server, error, handOn)

  return { server, enter }
}

/**
 * What `guard` does. A request that no outer gate has seen is refused as a mistake of ours.
 *
 * @throws {ConfigError} without a guard.
 */
export function createInnerGate(guards: readonly Guard[]): Gate {
  if (guards.length === 0 || guards.some((guard) => typeof guard !== 'function'))
    throw new ConfigError('guard(): takes one or more guards, such as scope(…)')
  const needs = { scopes: scopesNeeded(guards) }

  function enter(subject: object, request: AuthRequest): Passage | Promise<Passage> {
    const seat = seatOf(subject)
    if (!seat) return withoutGate()
    const { server, auth, handOn } = seat
    const refusal = (error: unknown): Passage => refusedPassage(server, error, handOn)
    if (auth) {
      const take = (newer: AuthContext): Passage => ({
        is: 'pass',
        seat: newer === auth ? seat : sit(subject, { ...seat, auth: newer }),
      })
      return authorized(server, auth, guards, take, refusal)
    }
    if (seat.without === 'preflight') return { is: 'pass', seat }
    const nobody = { method: request.method, rawHeaders: [] }
    const tried = server.tryAuthenticate(nobody, needs)
    return tried ? refusal(tried) : server.authenticate(nobody, needs).then(refusal, refusal)
  }

  return { enter }
}

/** Asks the guards, and waits only if one of them does. */
function authorized(
  server: ResourceServer,
  auth: AuthContext,
  guards: readonly Guard[],
  take: (auth: AuthContext) => Passage,
  refusal: (error: unknown) => Passage,
): Passage | Promise<Passage> {
  try {
    const newer = server.authorize(auth, ...guards)
    return newer instanceof Promise ? newer.then(take, refusal) : take(newer)
  } catch (error) {
    return refusal(error)
  }
}

function refusedPassage(server: ResourceServer, error: unknown, handOn: boolean): Passage {
  const known = error instanceof AuthError ? error : refused('internal_error', { cause: error })
  return { is: 'answer', error: known, answer: server.answer(known), handOn }
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
  return { is: 'answer', error, answer: answer(error, NO_CHALLENGE), handOn: false }
}

const NO_CHALLENGE = Object.freeze({ realm: '', describeErrors: false, resourceMetadataUrl: () => undefined })

/** Options stand first among the arguments, if at all. */
function sorted(rest: ProtectArguments): readonly [ProtectOptions, readonly Guard[]] {
  const [first, ...others] = rest
  return typeof first === 'object' && first !== null ? [first, others as Guard[]] : [{}, rest as readonly Guard[]]
}

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
  if (typeof attach !== 'string' || attach === '' || attach === '__proto__')
    throw new ConfigError(`protect(): option "attach" is the name of a property, such as 'user'`)
  const unknownMember = Object.keys(challenge).find((name) => name !== 'scope')
  if (unknownMember !== undefined)
    throw new ConfigError(`protect(): unknown option "challenge.${unknownMember}"; the option here is challenge.scope`)
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
