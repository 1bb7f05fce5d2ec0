import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { HoldfastEvent } from '@holdfast/core'
import type { TestAuthorizationServer } from '@holdfast/testing'

export type Jwk = Readonly<Record<string, unknown>>

/** A key that a test made, and how it would be published. */
export interface OwnKey {
  readonly privateKey: KeyObject
  readonly jwk: Jwk
}

export function ownKey(privateKey: KeyObject, members: Jwk = {}): OwnKey {
  return { privateKey, jwk: { ...createPublicKey(privateKey).export({ format: 'jwk' }), ...members } }
}

/** A P-256 key, with `alg` and `kid`. */
export function ecKey(kid: string, members: Jwk = {}): OwnKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return ownKey(privateKey, { kid, alg: 'ES256', ...members })
}

/** A new RSA key: some 100 ms for 2,048 bits, so make it once. */
export function rsaKey(kid: string, modulusLength = 2_048, publicExponent = 0x1_00_01): OwnKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return ownKey(privateKey, { kid, alg: 'RS256' })
}

/** The key endpoint answers with these keys, and these fields, from now on. */
export function publish(
  as: TestAuthorizationServer,
  keys: readonly Jwk[],
  headers: Readonly<Record<string, string>> = {},
): void {
  as.respond('keys', { body: { keys }, headers })
}

/** A token that this key signed and names by its own `kid`. */
export function tokenBy(
  as: TestAuthorizationServer,
  { privateKey, jwk }: OwnKey,
  header: Readonly<Record<string, unknown>> = {},
): string {
  return as.jwt({ key: privateKey, header: { kid: jwk['kid'], ...header } })
}

/** What became of documents: `keys loaded start`, `keys failed ahead status_500`. */
export function documentsOf(events: readonly HoldfastEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (event.type !== 'document') return []
    const { document, result, trigger, trouble } = event
    return [[document, result, trigger, trouble].filter(Boolean).join(' ')]
  })
}

/** Why published keys were not used. */
export function skippedOf(events: readonly HoldfastEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'key_skipped' ? [event.why] : []))
}
