import { setImmediate } from 'node:timers/promises'
import {
  type ClientAuthentication,
  type HttpErrorKind,
  HttpError,
  type HttpRequest,
  type HttpResponse,
} from '@holdfast/core'
import {
  type CannedAnswer,
  type TestAuthorizationServer,
  testAuthorizationServer,
  type TestAuthorizationServerOptions,
} from '@holdfast/testing'
import { expect } from 'vitest'
import type { Face } from './faces.ts'
import type { Reply } from './http.ts'
import { until } from './virtual.ts'
import { type Api, api, AUDIENCE, type Plan } from './world.ts'

/** A request of ours, as it went out. */
export interface Sent extends HttpRequest {
  readonly form: URLSearchParams
}

export interface WatchedPlan extends Omit<Plan, 'as' | 'server'> {
  readonly as?: Partial<TestAuthorizationServerOptions> | TestAuthorizationServer
  /** Stands in for the network where it answers; what it throws is what became of the request. */
  readonly network?: (request: Sent, as: TestAuthorizationServer) => Promise<HttpResponse> | HttpResponse | undefined
}

export interface WatchedApi extends Api {
  /** Every request of ours, oldest first. */
  readonly sent: readonly Sent[]
  /** Those to the introspection endpoint, wherever that is. */
  readonly asked: () => readonly Sent[]
}

/** An API whose requests to the authorization server are seen as they go out. */
export async function watchedApi(
  face: Face,
  { as: given, network, options, ...plan }: WatchedPlan = {},
): Promise<WatchedApi> {
  const as = given && 'calls' in given ? given : await testAuthorizationServer({ audience: AUDIENCE, ...given })
  const sent: Sent[] = []
  const http = {
    async send(request: HttpRequest): Promise<HttpResponse> {
      const seen = { ...request, form: new URLSearchParams(request.body) }
      sent.push(seen)
      return (await network?.(seen, as)) ?? as.http.send(request)
    },
    close: async () => undefined,
  }
  const opened = await api(face, { ...plan, as, options: { ...options, ports: { http, ...options?.ports } } })
  return { ...opened, sent, asked: () => sent.filter(({ method }) => method === 'POST') }
}

/** The same, authenticating so at a server that lets everybody in unless it is told otherwise. */
export function withClient(
  face: Face,
  client: ClientAuthentication,
  { as, ...plan }: Omit<WatchedPlan, 'as'> & { readonly as?: object } = {},
): Promise<WatchedApi> {
  return watchedApi(face, { as: { client: () => true, ...as }, options: { introspection: { client } }, ...plan })
}

/** What an active answer says here, unless it says something else. */
export function active(as: TestAuthorizationServer, members: Readonly<Record<string, unknown>> = {}): object {
  const now = Math.floor(as.clock.wall() / 1_000)
  return { active: true, iss: as.issuer, aud: AUDIENCE, sub: 'test-user', exp: now + 3_600, ...members }
}

/** The answer to one new token while the endpoint answers so. Every other token is good before and after. */
export async function whenAnswered({ as, get }: Api, answer: CannedAnswer): Promise<Reply> {
  // Between troubles the endpoint answers: three tokens with trouble and none without would be trouble of its own.
  expect((await get('/', as.opaque())).status).toBe(200)
  as.respond('introspection', answer)
  const reply = await get('/', as.opaque())
  as.recover('introspection')
  return reply
}

/** 503 with `Retry-After`, without a challenge, and without a code that would make a client throw its token away. */
export function expectUnavailable(reply: Reply): void {
  expect(reply.status).toBe(503)
  expect(reply.lines('www-authenticate')).toEqual([])
  expect(reply.headers['retry-after']).toMatch(/^[1-9]\d?$/)
  expect(JSON.parse(reply.body)).toEqual({ error: 'unavailable' })
}

/** 401 `invalid_token`, in the challenge and in the body. */
export function expectInvalid(reply: Reply): void {
  expect(reply.status).toBe(401)
  expect(reply.lines('www-authenticate').join()).toContain('error="invalid_token"')
  expect(JSON.parse(reply.body)).toMatchObject({ error: 'invalid_token' })
}

/** Whether a reply of the usual handler rests on a stale answer. */
export function isStale(reply: Reply): boolean {
  expect(reply.status).toBe(200)
  return (JSON.parse(reply.body) as { stale: boolean }).stale
}

/** The answer to a request that waits on the test's clock: once its call is under way time passes, in small steps. */
export async function patiently<T>(as: TestAuthorizationServer, request: () => Promise<T>): Promise<T> {
  const calls = as.calls.introspection
  const answer = request()
  const state = { over: false }
  const end = (): void => void (state.over = true)
  answer.then(end, end)
  await until(() => state.over || as.calls.introspection > calls)
  while (!state.over) {
    await as.clock.advance('10ms')
    await setImmediate()
  }
  return answer
}

export function broken(kind: HttpErrorKind, options: { readonly reusedSocket?: boolean } = {}): never {
  throw new HttpError(kind, options)
}
