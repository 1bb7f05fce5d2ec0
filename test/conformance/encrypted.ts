import { createCipheriv, createHash, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { CompactEncrypt } from 'jose'
import { expect } from 'vitest'
import type { Face } from './faces.ts'
import {
  base64url,
  claimsOf,
  expectRefused,
  headerFor,
  jwkFor,
  jws,
  type Pair,
  publishing,
  signerFor,
} from './forge.ts'
import { type Api, api, type Plan } from './world.ts'

/** A key pair to which tokens are encrypted. */
export interface EncryptionPair extends Pair {
  readonly kid: string
  /** The private key as a resource server is told it. */
  readonly jwk: JsonWebKey & { readonly kid: string }
}

function pairOf(kid: string, { publicKey, privateKey }: Pair): EncryptionPair {
  return { kid, publicKey, privateKey, jwk: { ...privateKey.export({ format: 'jwk' }), kid, use: 'enc' } }
}

/** Made once for each file: RSA takes 100 ms. */
export const rsaPair: EncryptionPair = pairOf('rsa', generateKeyPairSync('rsa', { modulusLength: 2_048 }))
export const ecPair: EncryptionPair = pairOf('ec', oddPair())
export const x25519Pair: EncryptionPair = pairOf('x25519', generateKeyPairSync('x25519'))

/** A P-256 pair whose private number is odd, which makes {@link offCurve} work on whoever does not look. */
function oddPair(): Pair {
  for (;;) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { d } = pair.privateKey.export({ format: 'jwk' })
    if (Buffer.from(d!, 'base64url').at(-1)! % 2 === 1) return pair
  }
}

export interface Encryption {
  readonly to?: EncryptionPair
  readonly alg?: string
  readonly enc?: string
  /** Further header parameters; `undefined` removes one. */
  readonly header?: Readonly<Record<string, unknown>>
}

/** Wraps a text as a compact JWE (RFC 7516 §7.1) that says it holds a JWT. */
export function encrypted(
  content: string,
  { to = rsaPair, alg = 'RSA-OAEP-256', enc = 'A256GCM', header = {} }: Encryption = {},
): Promise<string> {
  const members = Object.entries({ alg, enc, kid: to.kid, cty: 'JWT', typ: 'at+jwt', ...header })
  const protectedHeader = Object.fromEntries(members.filter(([, value]) => value !== undefined))
  return new CompactEncrypt(Buffer.from(content, 'latin1'))
    .setProtectedHeader(protectedHeader as { alg: string; enc: string })
    .encrypt(to.publicKey)
}

/** The same token with another header, which what is encrypted does not agree with. */
export function withJweHeader(token: string, change: (header: Record<string, unknown>) => object): string {
  const [header, ...rest] = token.split('.') as [string, ...string[]]
  const parsed = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>
  return [base64url(change(parsed)), ...rest].join('.')
}

const uint32 = (value: number): Buffer => Buffer.of(0, 0, value >> 8, value & 255)

/**
 * A token for {@link ecPair} made by somebody who knows nothing but its public key's curve: the ephemeral key (x, 0) is a
 * point of order 2 of another curve, so that the agreed secret is x for every odd private number.
 */
export function offCurve(content: string): string {
  const x = Buffer.alloc(32, 5)
  const epk = { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: Buffer.alloc(32).toString('base64url') }
  const header = base64url({ alg: 'ECDH-ES', enc: 'A128GCM', kid: ecPair.kid, cty: 'JWT', epk })
  // Concat KDF (RFC 7518 §4.6.2).
  const info = [uint32(1), x, uint32(7), Buffer.from('A128GCM'), uint32(0), uint32(0), uint32(128)]
  const key = createHash('sha256').update(Buffer.concat(info)).digest().subarray(0, 16)
  const iv = Buffer.alloc(12, 3)
  const cipher = createCipheriv('aes-128-gcm', key, iv).setAAD(Buffer.from(header))
  const body = Buffer.concat([cipher.update(content), cipher.final()])
  return [header, '', ...[iv, body, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.')
}

const keys = { keys: [rsaPair.jwk, ecPair.jwk, x25519Pair.jwk] }
const algorithms = ['RSA-OAEP-256', 'ECDH-ES'] as const
const encodings = ['A256GCM', 'A128CBC-HS256', 'A128GCM'] as const
export const decryption = { keys, algorithms, encodings }

export interface Bench {
  readonly one: Api
  readonly signed: (claims?: object, header?: object) => string
}

/** An API that opens what is encrypted to its keys, of an issuer with one signing key. */
export async function startOpening(face: Face, changes: object = {}, plan: Plan = {}): Promise<Bench> {
  const as = await publishing([jwkFor('ES256')])
  const jwt = { decryption: { ...decryption, ...changes } }
  const one = await api(face, { ...plan, as, options: { introspection: false, jwt } })
  return { one, signed: (claims, header) => jws(headerFor('ES256', header), claimsOf(as, claims), signerFor('ES256')) }
}

/** What the events say of the last refusals. */
export const details = ({ events }: Api): readonly unknown[] =>
  events.flatMap((event) => (event.type === 'refused' ? [event.detail] : []))

/** Holds that these are refused for something in their header, which is found before any private key is used. */
export async function expectUnopened(
  one: Api,
  detail: string,
  tokens: Readonly<Record<string, string>>,
): Promise<void> {
  const before = details(one).length
  await expectRefused(one, 'decryption_failed', tokens)
  expect(details(one).slice(before)).toEqual(Object.keys(tokens).map(() => detail))
}
