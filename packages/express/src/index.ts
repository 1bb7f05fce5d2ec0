/** `@holdfast/express`: protects Express 4.21+ and 5 with OAuth 2.0 access tokens. Translates, and decides nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Guard, readinessOf, type ResourceServer, type ResourceServerOptions } from '@holdfast/core'
import {
  addFields,
  createGate,
  createInnerGate,
  type Gate,
  isGone,
  NodeRequest,
  type Passage,
  type ProtectArguments,
  type ProtectOptions,
  show,
  writeAnswer,
} from '@holdfast/core/adapter'

export * from '@holdfast/core'
export { authOf, maybeAuthOf, type ProtectOptions } from '@holdfast/core/adapter'

/** What is used of an Express request; both majors have it. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl?: string | undefined
  readonly ip?: string | undefined
  readonly secure?: boolean | undefined
  readonly body?: unknown
}

/** Middleware for `app.use`, routers and routes of both majors. */
export type ExpressMiddleware = (
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** What {@link protect} returns: middleware that carries its server. */
export type Protect = ExpressMiddleware & { readonly server: ResourceServer }

/**
 * Lets requests with a good access token pass, with the context as `req.auth` and for {@link authOf}, and answers the
 * others: `protect(server)`, `protect(server, scope('a'))`, `protect(server, { optional: true })`.
 *
 * @param given A server, or the options to build one from.
 * @throws {ConfigError} when an option is unknown, missing, wrong or contradicts another.
 */
export function protect(given: ResourceServer | ResourceServerOptions, ...guards: readonly Guard[]): Protect
export function protect(
  given: ResourceServer | ResourceServerOptions,
  options: ProtectOptions,
  ...guards: readonly Guard[]
): Protect
export function protect(given: ResourceServer | ResourceServerOptions, ...rest: ProtectArguments): Protect {
  const gate = createGate(given, rest)
  const middleware: ExpressMiddleware = function holdfastProtect(request, response, next) {
    enter(gate, request, response, next)
  }
  return Object.assign(middleware, { server: gate.server })
}

/**
 * Asks more of a request that {@link protect} let pass: `guard(scope('orders:read'), fresh('5s'))`. Without `protect`
 * before it, it fails closed: 500.
 *
 * @throws {ConfigError} without a guard.
 */
export function guard(...guards: readonly [Guard, ...Guard[]]): ExpressMiddleware {
  const gate = createInnerGate(guards)
  return function holdfastGuard(request, response, next) {
    enter(gate, request, response, next)
  }
}

/**
 * Serves the protected resource metadata document (RFC 9728) at its well-known path, for whatever mount path, and has
 * every challenge name it. {@link protect} never guards it, mounted before or after.
 *
 * @throws {ConfigError} when the server has no https resource identifier.
 */
export function resourceMetadata(server: ResourceServer): ExpressMiddleware {
  server.announceMetadata()
  return function holdfastMetadata(request, response, next) {
    const answer = server.metadata?.answer(requestOf(request, response))
    if (answer) writeAnswer(response, answer, request.method)
    else next()
  }
}

/** The handler for readiness probes: 200 while anything known can be judged, an outage notwithstanding. */
export function readiness(server: ResourceServer): ExpressMiddleware {
  return function holdfastReadiness(request, response) {
    writeAnswer(response, readinessOf(server), request.method)
  }
}

function requestOf(request: ExpressRequest, response: ServerResponse): NodeRequest {
  return new NodeRequest(request, response, request.originalUrl ?? request.url, request)
}

function enter(gate: Gate, request: ExpressRequest, response: ServerResponse, next: (error?: unknown) => void): void {
  const passage = gate.enter(request, requestOf(request, response))
  if (!(passage instanceof Promise)) return conclude(passage, request, response, next)
  // Express 4 hears of no rejection: what goes wrong after a wait reaches its error handlers by `next`.
  const late = passage.then((one) => isGone(response) || conclude(one, request, response, next))
  void late.then(undefined, next)
}

function conclude(
  passage: Passage,
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  if (passage.is === 'pass') {
    addFields(response, passage.fields)
    show(request, passage.seat)
    next()
  } else if (passage.error && (passage.handOn || response.headersSent)) next(passage.error)
  else writeAnswer(response, passage.answer, request.method)
}
