import { clientSecretBasic, type Http, type HttpResponse, type ResourceServerOptions } from '@holdfast/core'
import { seededRandom, testClock, type TestClock } from '@holdfast/testing'
import { inlineSignatures } from '#core/ports/signatures'
import { AUDIENCE, CLAIMS, ISSUER, NOW, OPAQUE, PUBLIC_KEY } from './tokens.ts'

/** What an authorization server says to each question. */
export interface Says {
  readonly metadata: HttpResponse
  readonly keys: HttpResponse
  readonly introspection: (token: string) => HttpResponse
}

export function saying(body: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): HttpResponse {
  const octets = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: octets }
}

const { iss, aud, sub, exp, scope } = CLAIMS
const INACTIVE = saying({ active: false })
const ACTIVE = saying({ active: true, iss, aud, sub, exp, scope, token_type: 'Bearer' })

/** An authorization server in order; it keeps no record of who asked. */
export const IN_ORDER: Says = {
  metadata: saying({ issuer: ISSUER, jwks_uri: `${ISSUER}/keys`, introspection_endpoint: `${ISSUER}/introspect` }),
  keys: saying({ keys: [PUBLIC_KEY] }),
  introspection: (token) => (token === OPAQUE[3] ? ACTIVE : INACTIVE),
}

/** The network of one resource server, in memory. */
function httpOf(says: Says): Http {
  return {
    async send({ url, body }) {
      if (url === `${ISSUER}/keys`) return says.keys
      if (url === `${ISSUER}/introspect`) return says.introspection(new URLSearchParams(body).get('token') ?? '')
      return says.metadata
    },
    close: async () => undefined,
  }
}

export function clockOf(): TestClock {
  return testClock({ start: NOW * 1_000 })
}

/** A resource server with JWTs and introspection, in virtual time. */
export function optionsFor(says: Says, clock: TestClock): ResourceServerOptions {
  return {
    audience: AUDIENCE,
    observe: () => undefined,
    // Small: room for 20,000 entries takes ten times as long to make as all the rest, and as many inputs to fill.
    cache: {
      jwts: { entries: 200 },
      introspected: { entries: 200 },
      negative: { entries: 200 },
      revocations: { entries: 200 },
    },
    issuers: [{ issuer: ISSUER, introspection: { client: clientSecretBasic('api', 'not-a-secret') } }],
    ports: { http: httpOf(says), clock, random: seededRandom(1), signatures: inlineSignatures },
  }
}

/** Lets virtual time pass until something has come of it. */
export async function settled<T>(pending: Promise<T>, clock: TestClock): Promise<T> {
  const outcome = { over: false }
  const end = (): void => {
    outcome.over = true
  }
  pending.then(end, end)
  await Promise.resolve()
  for (let step = 0; step < 30 && !outcome.over; step += 1) await clock.advance(step < 2 ? '1ms' : '2s')
  if (!outcome.over) throw new Error('no answer within a minute of virtual time')
  return pending
}
