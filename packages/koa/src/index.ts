/** `@holdfast/koa`: protects Koa 2.16+ and 3 with OAuth 2.0 access tokens. Translates, and decides nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type Answer,
  type AuthContext,
  type Guard,
  readinessOf,
  type ResourceServer,
  type ResourceServerOptions,
} from '@holdfast/core'
import {
  addFields,
  authOf as authOfMessage,
  createGate,
  createInnerGate,
  fieldsBeside,
  type FrameworkRequest,
  type Gate,
  isGone,
  maybeAuthOf as maybeAuthOfMessage,
  NodeRequest,
  type Passage,
  type ProtectArguments,
  type ProtectOptions,
  show,
  writeAnswer,
} from '@holdfast/core/adapter'

export * from '@holdfast/core'
export type { ProtectOptions } from '@holdfast/core/adapter'

/** What is used of a Koa context; both majors have it. */
export interface KoaContext {
  readonly req: IncomingMessage & { readonly originalUrl?: string | undefined }
  readonly res: ServerResponse
  readonly originalUrl: string
  readonly request: FrameworkRequest
  readonly state: object
  readonly respond?: boolean | undefined
  status: number
  body: unknown
  set(field: string, value: string | string[]): void
  remove(field: string): void
}

/** Middleware for `app.use`, routers and routes of both majors. */
export type KoaMiddleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<unknown> | undefined

/** What {@link protect} returns: middleware that carries its server. */
export type Protect = KoaMiddleware & { readonly server: ResourceServer }

/**
 * Lets requests with a good access token pass, with the context as `ctx.state.auth` and for {@link authOf}, and answers
 * the others: `protect(server)`, `protect(server, scope('a'))`, `protect(server, { optional: true })`.
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
  const middleware: KoaMiddleware = function holdfastProtect(ctx, next) {
    return enter(gate, ctx, next)
  }
  return Object.assign(middleware, { server: gate.server })
}

/**
 * Asks more of a request that {@link protect} let pass: `guard(scope('orders:read'), fresh('5s'))`. Without `protect`
 * before it, it fails closed: 500.
 *
 * @throws {ConfigError} without a guard.
 */
export function guard(...guards: readonly [Guard, ...Guard[]]): KoaMiddleware {
  const gate = createInnerGate(guards)
  return function holdfastGuard(ctx, next) {
    return enter(gate, ctx, next)
  }
}

/**
 * The context of a request that {@link protect} let in.
 *
 * @throws {Error} when `protect` has not seen the request, or it carried no credentials.
 */
export function authOf(ctx: Pick<KoaContext, 'req'>): AuthContext {
  return authOfMessage(ctx.req)
}

/** The same for routes behind `optional: true`: `undefined` where no credentials came. @throws {Error} without `protect`. */
export function maybeAuthOf(ctx: Pick<KoaContext, 'req'>): AuthContext | undefined {
  return maybeAuthOfMessage(ctx.req)
}

/**
 * Serves the protected resource metadata document (RFC 9728) at its well-known path, for whatever mount path, and has
 * every challenge name it. {@link protect} never guards it, mounted before or after.
 *
 * @throws {ConfigError} when the server has no https resource identifier.
 */
export function resourceMetadata(server: ResourceServer): KoaMiddleware {
  server.announceMetadata()
  return function holdfastMetadata(ctx, next) {
    const answer = server.metadata?.answer(requestOf(ctx))
    return answer ? write(ctx, answer) : next()
  }
}

/** The handler for readiness probes: 200 while anything known can be judged, an outage notwithstanding. */
export function readiness(server: ResourceServer): KoaMiddleware {
  return function holdfastReadiness(ctx) {
    return write(ctx, readinessOf(server))
  }
}

function requestOf(ctx: KoaContext): NodeRequest {
  return new NodeRequest(ctx.req, ctx.res, ctx.req.originalUrl ?? ctx.originalUrl, ctx.request)
}

function enter(gate: Gate, ctx: KoaContext, next: () => Promise<unknown>): Promise<unknown> | undefined {
  const passage = gate.enter(ctx.req, requestOf(ctx))
  if (!(passage instanceof Promise)) return conclude(passage, ctx, next)
  return passage.then((late) => (isGone(ctx.res) ? undefined : conclude(late, ctx, next)))
}

function conclude(passage: Passage, ctx: KoaContext, next: () => Promise<unknown>): Promise<unknown> | undefined {
  if (passage.is === 'pass') {
    addFields(ctx.res, passage.fields)
    show(ctx.state, passage.seat)
    return next()
  }
  if (passage.error && (passage.handOn || ctx.res.headersSent)) throw passage.error
  return write(ctx, passage.answer)
}

/** Through Koa, so that middleware further out sees the answer; past it where the application has taken the response. */
function write(ctx: KoaContext, answer: Answer): undefined {
  if (ctx.respond === false) return writeAnswer(ctx.res, answer, ctx.req.method) as undefined
  for (const [name, value] of fieldsBeside(ctx.res, answer)) ctx.set(name, value)
  ctx.status = answer.status
  ctx.body = answer.body
  // Koa gives every text a type, the empty one included.
  if (answer.body === '') ctx.remove('content-type')
  return undefined
}
