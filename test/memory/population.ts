import { createHmac } from 'node:crypto'
import type { Http, HttpResponse } from '@holdfast/core'

export const ISSUER = 'https://as.test'
export const AUDIENCE = 'https://api.test'
export const SECRET: Buffer = Buffer.alloc(32, 7)

/** One token of its kind, with what goes with it. */
export interface Subject {
  readonly token: string
  readonly valid: boolean
  /** Where it comes from: every forged opaque token from a place of its own. */
  readonly source: string
}

/** As many different tokens as are wanted, each by its number. */
export interface Population {
  readonly subject: (n: number) => Subject
}

/** Valid and forged, JWT and opaque, as many of each. */
export function mixed(now: number): Population {
  const kinds = [validJwt, validOpaque, forgedJwt, forgedOpaque]
  return { subject: (n) => kinds[n % kinds.length]!(n, now) }
}

/** Mostly forged JWTs that differ in their signature only, which takes least to make; every fiftieth is another kind. */
export function mostlyForged(now: number): Population {
  const kinds = [validJwt, validOpaque, forgedJwt, forgedOpaque]
  const unsigned = many(3, (n) => forgedJwt(n, now).token.replace(/[^.]*$/, ''))
  const forge = (n: number): Subject => ({ token: unsigned[n % 3]! + signature(n), valid: false, source: home(n) })
  return { subject: (n) => (n % 50 === 0 ? kinds[(n / 50) % kinds.length]!(n, now) : forge(n)) }
}

/** Opaque tokens as long as a server takes them. */
export function long(valid: boolean): Population {
  const kind = valid ? validOpaque : forgedOpaque
  return {
    subject: (n) => {
      const { token, source } = kind(n)
      return { token: token.padEnd(8_192, '.'), valid, source }
    },
  }
}

/** What the introspection endpoint does: it answers at once, or not at all. */
export interface InstantNetwork extends Http {
  answering: boolean
}

/** The network with one authorization server, which knows the valid tokens of every population. */
export function instantNetwork(now: () => number): InstantNetwork {
  return {
    answering: true,
    async send({ body = '' }): Promise<HttpResponse> {
      if (!this.answering) await new Promise(() => undefined)
      const token = /(?:^|&)token=([^&]*)/.exec(body)?.[1] ?? ''
      const claims = token.startsWith(GOOD) ? { active: true, ...claimsOf(numberIn(token), now()) } : { active: false }
      return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(claims)) }
    },
    close: async () => undefined,
  }
}

const GOOD = 'good.'

const validOpaque = (n: number): Subject => ({ token: GOOD + spread(n), valid: true, source: home(n) })

const forgedOpaque = (n: number): Subject => ({
  token: `junk.${spread(n)}`,
  valid: false,
  source: `2001:db8:${(n >> 16).toString(16)}:${(n & 0xff_ff).toString(16)}::1`,
})

function validJwt(n: number, now: number): Subject {
  const signed = `${encoded(HEADER)}.${encoded(claimsOf(n, now))}`
  const mac = createHmac('sha256', SECRET).update(signed).digest('base64url')
  return { token: `${signed}.${mac}`, valid: true, source: home(n) }
}

/** Signed by nobody, expired, or of an issuer of its own; some name a key of their own. */
function forgedJwt(n: number, now: number): Subject {
  const header = n % 4 < 2 ? HEADER : { ...HEADER, kid: `made-up-${n}` }
  const lies = [{}, { exp: 1 }, { iss: `${ISSUER}/${n}` }][n % 3]
  const claims = encoded({ ...usualClaims(n, now), ...lies })
  const signature = spread(n)
    .replaceAll(/[^0-9]/g, 'A')
    .slice(0, 42)
  return { token: `${encoded(header)}.${claims}.${signature}A`, valid: false, source: home(n) }
}

const HEADER = { alg: 'HS256', typ: 'at+jwt' }

/** Most tokens say half a KB; one in 10 says 1 KB more, one in 100 has many members of its own, one in 100 says 5 KB. */
function claimsOf(n: number, now: number): object {
  const usual = { ...usualClaims(n, now), profile: spread(n).repeat(10) }
  if (n % 400 < 4) return { ...usual, text: spread(n).repeat(100) }
  if (n % 400 < 8) return { ...usual, permissions: Object.fromEntries(many(40, (k) => [`${n}-${k}`, ['read']])) }
  return n % 40 < 4 ? { ...usual, groups: many(20, (k) => `group-${k}-${spread(n).slice(0, 30)}`) } : usual
}

function usualClaims(n: number, now: number): object {
  const issued = Math.floor(now / 1_000)
  const common = { iss: ISSUER, aud: AUDIENCE, sub: `user-${n}`, client_id: `app-${n % 50}`, jti: spread(n) }
  return { ...common, exp: issued + 86_400, iat: issued, scope: 'orders:read orders:write' }
}

/** As long as one of HS256, and right in everything but its value. */
const signature = (n: number): string => String(n).padEnd(43, 'A')

const many = <T>(count: number, make: (k: number) => T): T[] => Array.from({ length: count }, (_, k) => make(k))
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const home = (n: number): string => `192.0.2.${n % 250}`

/** 48 characters that tell `n`. */
const spread = (n: number): string => `${n}-${Math.imul(n + 1, 2_654_435_761) >>> 0}`.padEnd(48, 'x')
const numberIn = (token: string): number => Number(/\d+/.exec(token)?.[0])
