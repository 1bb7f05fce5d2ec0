import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Reason } from '@holdfast/core'
import { type CannedAnswer, type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import { expect } from 'vitest'
import { type Api, AUDIENCE } from './world.ts'

/** What makes a signature of the octets that it covers. */
export type Signer = (signed: Buffer) => Uint8Array

const p1363 = { dsaEncoding: 'ieee-p1363' } as const
const pss = (saltLength: number): object => ({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })

interface Facts {
  readonly family: 'rsa' | 'P-256' | 'P-384' | 'P-521' | 'ed25519' | 'ed448'
  readonly hash: string | null
  readonly options?: object
}

/** Every algorithm that needs no shared secret. */
const FACTS = {
  RS256: { family: 'rsa', hash: 'sha256' },
  RS384: { family: 'rsa', hash: 'sha384' },
  RS512: { family: 'rsa', hash: 'sha512' },
  PS256: { family: 'rsa', hash: 'sha256', options: pss(32) },
  PS384: { family: 'rsa', hash: 'sha384', options: pss(48) },
  PS512: { family: 'rsa', hash: 'sha512', options: pss(64) },
  ES256: { family: 'P-256', hash: 'sha256', options: p1363 },
  ES384: { family: 'P-384', hash: 'sha384', options: p1363 },
  ES512: { family: 'P-521', hash: 'sha512', options: p1363 },
  Ed25519: { family: 'ed25519', hash: null },
  Ed448: { family: 'ed448', hash: null },
} as const satisfies Record<string, Facts>

export type ForgedAlgorithm = keyof typeof FACTS
export const FORGED_ALGORITHMS = Object.keys(FACTS) as readonly ForgedAlgorithm[]

export interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const pairs = new Map<string, Pair>()

/** One key pair of each family and owner, made at first use: RSA takes 100 ms. */
export function pairFor(alg: ForgedAlgorithm, owner = 'issuer'): Pair {
  const { family } = FACTS[alg]
  const name = `${family} ${owner}`
  const pair = pairs.get(name) ?? makePair(family)
  pairs.set(name, pair)
  return pair
}

function makePair(family: Facts['family']): Pair {
  if (family === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2_048 })
  if (family === 'ed25519') return generateKeyPairSync('ed25519')
  if (family === 'ed448') return generateKeyPairSync('ed448')
  return generateKeyPairSync('ec', { namedCurve: family })
}

/** The public key as it is published. */
export function jwkFor(alg: ForgedAlgorithm, members: object = {}, owner?: string): object {
  return { ...pairFor(alg, owner).publicKey.export({ format: 'jwk' }), kid: alg, alg, use: 'sig', ...members }
}

export function signerFor(alg: ForgedAlgorithm, key: KeyObject = pairFor(alg).privateKey): Signer {
  const { hash, options }: Facts = FACTS[alg]
  return (signed) => sign(hash, signed, { key, ...options })
}

export function hmacWith(secret: string | Uint8Array, hash = 'sha256'): Signer {
  return (signed) => createHmac(hash, secret).update(signed).digest()
}

/** An object becomes JSON; a text or octets stand as they are. */
export type Part = object | string | Uint8Array

export function base64url(part: Part): string {
  const raw = typeof part === 'string' || part instanceof Uint8Array
  return Buffer.from((raw ? part : JSON.stringify(part)) as string).toString('base64url')
}

/** An unsigned number in so many octets. */
export const bigEndian = (number: bigint, length: number): Buffer =>
  Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex')

/** A compact JWS with just this header and payload, and whatever stands for its signature. */
export function jws(header: Part, payload: Part, signer: Signer): string {
  const signed = `${base64url(header)}.${base64url(payload)}`
  return `${signed}.${Buffer.from(signer(Buffer.from(signed))).toString('base64url')}`
}

/** The JSON of an object, with this text after its last member: what no serializer would write. */
export const ending = (object: object, text: string): string => `${JSON.stringify(object).slice(0, -1)},${text}}`

/** An answer with this text for its JSON. */
export const jsonAnswer = (body: string): CannedAnswer => ({ body, contentType: 'application/json' })

/** The header that goes with {@link jwkFor}. */
export function headerFor(alg: string, changes: object = {}): object {
  return { alg, typ: 'at+jwt', kid: alg, ...changes }
}

/** Claims that every rule likes (RFC 9068 §2.2). */
export function claimsOf({ issuer, clock }: TestAuthorizationServer, changes: object = {}): Record<string, unknown> {
  const now = Math.floor(clock.wall() / 1_000)
  const usual = { iss: issuer, sub: 'test-user', aud: AUDIENCE, client_id: 'test-client', jti: 'one' }
  return { ...usual, iat: now, exp: now + 3_600, ...changes }
}

/** An authorization server that publishes these keys, whatever its own are. */
export async function publishing(keys: readonly object[], issuer?: string): Promise<TestAuthorizationServer> {
  const as = await testAuthorizationServer({ audience: AUDIENCE, ...(issuer === undefined ? {} : { issuer }) })
  as.respond('keys', { body: { keys } })
  return as
}

/** A text between quotes in the only challenge, or `none`. */
export function errorIn(challenge: string | undefined): string {
  return /error="([^"]+)"/.exec(challenge ?? '')?.[1] ?? 'none'
}

/** Attacks by name: what is sent after `Bearer `, and why it must be refused. */
export type Attacks = Readonly<Record<string, readonly [token: string, reason: Reason]>>

/** Holds that each attack gets 401 `invalid_token` for its reason, and that no handler runs. */
export async function expectRefusals(api: Api, attacks: Attacks): Promise<void> {
  const before = api.handled()
  const seen: Record<string, string> = {}
  const expected: Record<string, string> = {}
  for (const [name, [token, reason]] of Object.entries(attacks)) {
    const { status, lines } = await api.get('/', token)
    seen[name] = `${status} ${lines('www-authenticate').map(errorIn).join()} ${api.reasons().at(-1)}`
    expected[name] = `401 invalid_token ${reason}`
  }
  expect(seen).toEqual(expected)
  expect(api.reasons()).not.toHaveLength(0)
  expect(api.handled()).toBe(before)
}

/** The same where all have one reason. */
export function expectRefused(api: Api, reason: Reason, attacks: Readonly<Record<string, string>>): Promise<void> {
  return expectRefusals(
    api,
    Object.fromEntries(Object.entries(attacks).map(([name, token]) => [name, [token, reason]])),
  )
}

/** Holds that these tokens pass: an attack is one only where its harmless sibling works. */
export async function expectAccepted(api: Api, ...tokens: readonly string[]): Promise<void> {
  for (const token of tokens) {
    const { status } = await api.get('/', token)
    expect(status === 200 ? 'accepted' : `${status} ${api.reasons().at(-1)}`).toBe('accepted')
  }
}
