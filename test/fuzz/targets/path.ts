import { createResourceServer, type ResourceServer, scope } from '@holdfast/core'
import { createGate, NodeRequest, writeAnswer } from '@holdfast/core/adapter'
import * as forExpress from '@holdfast/express'
import * as forKoa from '@holdfast/koa'
import express from 'express'
import express4 from 'express4'
import * as fc from 'fast-check'
import Koa from 'koa'
import Koa2 from 'koa2'
import { CODES, REASONS } from '#core/errors'
import { clockOf, IN_ORDER, optionsFor, settled } from '../authority.ts'
import { anyText, mixed, mutated } from '../generators.ts'
import { type Injected, inject, type Listener, type Received } from '../inject.ts'
import { laterTarget, must, type Target } from '../target.ts'
import { GOOD, OPAQUE, tokens } from '../tokens.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

const names = mixed(
  fc.constantFrom('Authorization', 'authorization', 'AUTHORIZATION', 'Authorization ', 'X-Authorization', 'Cookie'),
  fc.constantFrom('Origin', 'Access-Control-Request-Method', 'X-Forwarded-For', 'Host', '__proto__', 'DPoP'),
  mutated(fc.constant('Authorization')),
)
const credentials = mixed(
  tokens.map((token) => `Bearer ${token}`),
  mutated(fc.constantFrom(`Bearer ${GOOD}`, `Bearer ${OPAQUE[3]}`, 'Basic YTpi')),
  anyText,
)
const requests: fc.Arbitrary<Injected> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'PROPFIND'),
  url: fc.oneof(
    { weight: 4, arbitrary: fc.constant('/') },
    mutated(fc.constant(`${WELL_KNOWN}/v1`)).filter((url) => url.startsWith('/')),
    fc.constantFrom(
      `${WELL_KNOWN}/v1`,
      '/v1/orders',
      '/v1"',
      '/?access_token=x',
      '//',
      '/%',
      '/..%2f',
      '*',
      '/orders',
      `/${'a'.repeat(2_000)}`,
    ),
    fc.webPath().map((written) => written || '/'),
  ),
  rawHeaders: fc.oneof(
    { weight: 4, arbitrary: credentials.map((line) => ['Authorization', line]) },
    fc.array(fc.tuple(names, credentials), { maxLength: 4 }).map((fields) => fields.flat()),
    fc.array(anyText, { maxLength: 6 }),
  ),
})

/** What a handler says that lets everybody in who is let in. */
const SERVED = 'served'

const PARAMETER = String.raw`[a-z_]+="(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`
const PARAMETERS = `${PARAMETER}(?:, ${PARAMETER})*`
/** One for each scheme that may be tried. */
const CHALLENGE = new RegExp(`^(?:Bearer ${PARAMETERS}|(?:Bearer ${PARAMETERS}, )?DPoP ${PARAMETERS})$`)
const STATUSES: ReadonlySet<number> = new Set([...Object.values(CODES), 204].filter((one) => one !== 500))

/** Holds an answer to what may go out, whatever came in. */
function judged({ url, rawHeaders }: Injected, { status, fields, body }: Received): string {
  if (url.startsWith(WELL_KNOWN) && (status === 200 || status === 405)) return `document ${status}`
  if (status === 200) {
    must(body === SERVED || body === '', 'somebody else answered')
    return 'accepted'
  }
  must(STATUSES.has(status), `status ${status}`)
  for (const [, value] of fields) must(/^[\x20-\x7e]*$/.test(value), 'a field with characters it may not have')
  const challenges = fields.filter(([name]) => name === 'www-authenticate')
  const expected = status === 400 || status === 401 || status === 403 ? 1 : 0
  must(challenges.length === expected, `${challenges.length} challenges with ${status}`)
  for (const [, value] of challenges) must(CHALLENGE.test(value), `a challenge that is none: ${value}`)
  must(
    status !== 503 || fields.some(([name, value]) => name === 'retry-after' && /^\d+$/.test(value)),
    'no Retry-After',
  )
  const long = rawHeaders.map((one) => one.replace(/^\w+ /, '')).filter((one) => one.length > 20)
  const said = `${challenges.join()}${body}`
  must(!long.some((one) => said.includes(one)), 'what came in went out')
  const error = body === '' ? '' : ((JSON.parse(body) as { error?: string }).error ?? '')
  return `${status}${error === '' ? '' : ` ${error}`}`
}

type FaceListener = Readonly<Record<string, () => Listener>>
const clock = clockOf()

/** A server that names its metadata document in every challenge, by the path of the request. */
function serverOf(): ResourceServer {
  const server = createResourceServer(optionsFor(IN_ORDER, clock))
  server.announceMetadata()
  return server
}

/** Core as its adapters use it, Express and Koa: each with a server of its own, and a guard. */
const FACES: FaceListener = {
  core() {
    const gate = createGate(serverOf(), [scope('orders:read')])
    return async (request, response) => {
      const passage = await gate.enter(request, new NodeRequest(request, response, request.url, {}))
      if (passage.is === 'answer') return writeAnswer(response, passage.answer, request.method)
      response.end(SERVED)
    }
  },
  'express 4': () => expressApp(express4 as unknown as typeof express),
  'express 5': () => expressApp(express),
  'koa 2': () => koaApp(Koa2 as unknown as typeof Koa),
  'koa 3': () => koaApp(Koa),
}

function expressApp(framework: typeof express): Listener {
  const app = framework()
  app.use(forExpress.protect(serverOf(), scope('orders:read')))
  app.use((_request, response) => void response.end(SERVED))
  return app
}

function koaApp(Framework: typeof Koa): Listener {
  const app = new Framework()
  app.silent = true
  app.use(forKoa.protect(serverOf(), scope('orders:read')))
  app.use((context) => {
    context.status = 200
    context.body = SERVED
  })
  return app.callback()
}

function path(face: string, open: () => Listener): Target {
  let listener: Listener | undefined
  return laterTarget({
    name: `path over ${face}`,
    // As many over all five as a parser gets.
    share: 0.2,
    inputs: requests,
    judge: async (request) => {
      listener ??= open()
      return judged(request, await settled(inject(listener, request), clock))
    },
  })
}

export const pathTargets: readonly Target[] = Object.entries(FACES).map(([face, open]) => path(face, open))

/** Reasons are counted where no HTTP stands between. */
const server = serverOf()

export const verifyTarget: Target = laterTarget({
  name: 'path',
  inputs: tokens,
  judge: async (token) => {
    const result = await settled(server.verify(token), clock)
    if (result.outcome === 'valid') return 'accepted'
    must(Object.hasOwn(REASONS, result.reason), `an unknown reason ${result.reason}`)
    return result.reason
  },
  close: () => server.close(),
})
