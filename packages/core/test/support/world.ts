import { generateKeyPairSync, sign } from 'node:crypto'
import { clientSecretBasic } from '../../src/introspection/client-authentication.ts'
import type { IssuerOptions } from '../../src/options/issuer-options.ts'
import type { SharedServerOptions } from '../../src/options/options.ts'
import type { HoldfastEvent } from '../../src/ports/observer.ts'
import { inlineSignatures, type Signatures } from '../../src/ports/signatures.ts'
import type { AuthRequest } from '../../src/request.ts'
import { createResourceServer } from '../../src/resource-server.ts'
import type { JsonObject } from '../../src/syntax/json.ts'
import { chance } from './chance.ts'
import { ManualClock, START } from './manual-clock.ts'
import { json, type Reply, ScriptedHttp } from './scripted-http.ts'

export const AUDIENCE = 'https://api.example'
export const SECRET = 'hunter2-the-client-secret'

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An authorization server on the scripted network. */
export function authority(http: ScriptedHttp, issuer: string) {
  const urls = {
    metadata: `${issuer}/.well-known/oauth-authorization-server`,
    keys: `${issuer}/keys`,
    introspection: `${issuer}/introspect`,
  }
  const jwk: JsonObject = { ...(keys.publicKey.export({ format: 'jwk' }) as JsonObject), kid: 'k1', alg: 'ES256' }
  const up = (): void => {
    http
      .on(urls.metadata, json({ issuer, jwks_uri: urls.keys, introspection_endpoint: urls.introspection }))
      .on(urls.keys, json({ keys: [jwk] }))
      .on(urls.introspection, json({ active: true, aud: AUDIENCE, sub: 'somebody', scope: 'a' }))
  }
  up()
  let ids = 0
  return {
    issuer,
    urls,
    jwk,
    up,
    /** Every endpoint answers like this, from now on. */
    down: (reply: Reply) => Object.values(urls).forEach((url) => http.on(url, reply)),
    introspects: (reply: Reply | object) =>
      void http.on(urls.introspection, typeof reply === 'function' ? (reply as Reply) : json(reply)),
    jwt: (claims: object = {}, header: object = {}): string => {
      const payload = {
        iss: issuer,
        aud: AUDIENCE,
        sub: 'somebody',
        client_id: 'app',
        jti: `jti-${(ids += 1)}`,
        iat: START,
        exp: START + 600,
        scope: 'a',
        ...claims,
      }
      const signed = `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', ...header })}.${encode(payload)}`
      const signature = sign('sha256', Buffer.from(signed), { key: keys.privateKey, dsaEncoding: 'ieee-p1363' })
      return `${signed}.${signature.toString('base64url')}`
    },
  }
}

/** A resource server in a scripted world: one authorization server unless others are given. */
export function world(
  options: SharedServerOptions & {
    readonly audience?: string
    readonly issuers?: readonly (string | IssuerOptions)[]
  } = {},
  issuers?: (http: ScriptedHttp) => (string | IssuerOptions)[],
  signatures: Signatures = inlineSignatures,
) {
  const http = new ScriptedHttp()
  const clock = new ManualClock()
  const events: HoldfastEvent[] = []
  const as = authority(http, 'https://as.example')
  const both: IssuerOptions = { issuer: as.issuer, introspection: { client: clientSecretBasic('me', SECRET) } }
  const server = createResourceServer({
    issuers: issuers?.(http) ?? [both],
    observe: (event) => void events.push(event),
    ports: { http, clock, random: chance(), signatures },
    ...options,
    audience: options.audience ?? AUDIENCE,
  })
  return { http, clock, events, as, server }
}

export const bearer = (token: string, more: Partial<AuthRequest> = {}): AuthRequest => ({
  method: 'GET',
  url: '/',
  rawHeaders: ['Authorization', `Bearer ${token}`],
  ...more,
})
