import { type Answer, answer } from '../answer.ts'
import { type AuthContext, type ResponseFields, responseFieldsOf } from '../context.ts'
import { AuthError, ConfigError, refused } from '../errors.ts'
import { checkGuards, type Guard, scopesNeeded } from '../guard/guard.ts'
import type { ResourceServerOptions } from '../options/options.ts'
import { type AuthRequest, isPreflight } from '../request.ts'
import type { ResourceServer } from '../resource-server.ts'
import { type ProtectArguments, protectSettings } from './protect-options.ts'
import { type Seat, seatOf, sit } from './seat.ts'
import { serverOf } from './server-of.ts'

/** What a gate decided. An adapter translates it and decides nothing. */
export type Passage =
  | {
      readonly is: 'pass'
      readonly seat: Seat
      /** What the response carries beside what the application says. */
      readonly fields?: ResponseFields | undefined
    }
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
  const { optional, attach, handOn, passPreflight, challengeScopes, guards } = protectSettings(rest)
  const server = serverOf(given)
  const needs = { scopes: [...new Set([...challengeScopes, ...scopesNeeded(guards)])] }

  function enter(subject: object, request: AuthRequest): Passage | Promise<Passage> {
    const earlier = seatOf(subject)
    if (earlier?.server === server && earlier.auth) return admit(subject, earlier.auth)
    // The document is public, wherever it is mounted (RFC 9728 §3). It is answered here rather than let in: a handler
    // that takes every path must not meet a request without `auth`.
    const document = server.announcesMetadata ? server.metadata?.answer(request) : undefined
    if (document) return { is: 'answer', answer: document, error: undefined, handOn: false }
    if (isPreflight(request)) return passPreflight && guards.length === 0 ? take(subject, undefined) : preflightAnswer
    if (optional && !server.hasCredentials(request)) return take(subject, undefined)

    const tried = server.tryAuthenticate(request, needs)
    if (tried instanceof AuthError) return refusal(tried)
    if (tried) return admit(subject, tried)
    return server.authenticate(request, needs).then((auth) => admit(subject, auth), refusal)
  }

  function admit(subject: object, auth: AuthContext): Passage | Promise<Passage> {
    if (guards.length === 0) return take(subject, auth)
    return authorized(server, auth, guards, (newer) => take(subject, newer), refusal)
  }

  function take(subject: object, auth: AuthContext | undefined): Passage {
    const seat = sit(subject, { server, auth, attach, handOn })
    return { is: 'pass', seat, fields: auth && responseFieldsOf(auth) }
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
  if (guards.length === 0) throw new ConfigError('guard(): takes one or more guards, such as scope(…)')
  checkGuards('guard', guards)
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
    if (isPreflight(request)) return preflightAnswer
    // Judged as a request of nobody's: that is what it is, and the challenge then names what this guard needs. How it
    // came has been judged before.
    const nobody = { method: request.method, url: request.url, rawHeaders: [], secure: true }
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

/** For a preflight that nobody answered before: no reason to call it an error, and none to run a handler for it. */
const preflightAnswer: Passage = Object.freeze({
  is: 'answer',
  answer: Object.freeze({ status: 204, headers: Object.freeze({ 'cache-control': 'no-store' }), body: '' }),
  error: undefined,
  handOn: false,
})

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

const NO_CHALLENGE = Object.freeze({
  realm: '',
  describeErrors: false,
  errorUri: undefined,
  errorBody: true,
  exposeHeaders: false,
  resourceMetadataUrl: () => undefined,
})
