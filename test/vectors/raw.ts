import { AuthError, ConfigError, type Reason } from '@holdfast/core'
import { VerificationKey } from '#core/keys/jwk'
import { type KeySet, parseKeySet, select } from '#core/keys/key-set'
import { decryptionRules } from '#core/options/decryption'
import { jwtSettings } from '#core/options/jwt'
import { inlineSignatures } from '#core/ports/signatures'
import type { JsonObject } from '#core/syntax/json'
import { parseCompactJws } from '#core/syntax/jws'
import { type Algorithm, ALGORITHMS } from '#core/verify/algorithms'
import { Decryptor } from '#core/verify/decryption'
import { CONTENT_ENCRYPTION, KEY_MANAGEMENT } from '#core/verify/encryption'
import { checkJwsHeader } from '#core/verify/jwt-header'
import { signedByNow } from '#core/verify/signature'

const EVERY_ALGORITHM = Object.keys(ALGORITHMS) as readonly Algorithm[]

/**
 * A key set as the verifier would have it. Public keys are imported as from a published set; a shared secret, which no
 * set may carry, as from the option. What cannot be imported is left out.
 */
function keysFrom(jwks: readonly JsonObject[]): KeySet {
  const published = jwks.filter((jwk) => jwk['kty'] !== 'oct')
  const set = parseKeySet({ keys: published }, EVERY_ALGORITHM, () => undefined)!
  const shared = jwks.flatMap((jwk) => (jwk['kty'] === 'oct' ? secretFrom(jwk) : []))
  return { keys: [...set.keys, ...shared], single: jwks.length === 1 }
}

function secretFrom({ k, alg, kid }: JsonObject): readonly VerificationKey[] {
  const secret = k as string
  const jwt = { sharedSecret: Buffer.from(secret, 'base64url'), ...(alg === undefined ? {} : { algorithms: [alg] }) }
  try {
    const { algorithm, material } = jwtSettings(jwt, 'jwt', { allowInsecureLoopback: false })!.pinned!.keys[0]!
    const load = (): typeof material => material
    return [new VerificationKey({ algorithm, kid: kid as string | undefined, thumbprint: secret, load })]
  } catch (error) {
    if (error instanceof ConfigError) return [] // too short, or for another algorithm
    throw error
  }
}

/** What a JWS is by itself, whatever its payload: the verifier's parser, header rules, choice of key and arithmetic. */
export function judgeJws(jws: string, jwks: readonly JsonObject[]): Reason | 'verified' {
  const parsed = parseCompactJws(jws)
  if (!parsed) return 'token_malformed'
  try {
    const selection = select(keysFrom(jwks), checkJwsHeader(parsed.header, EVERY_ALGORITHM))
    if (selection.is !== 'found') return `key_${selection.is}`
    const signed = selection.keys.some((key) => signedByNow(parsed, key, inlineSignatures))
    return signed ? 'verified' : 'signature_invalid'
  } catch (error) {
    if (error instanceof AuthError) return error.reason
    throw error
  }
}

/** What a JWE is by itself, whatever is inside: the decryption of the verifier, with every algorithm that it offers. */
export async function judgeJwe(jwe: string, privateJwks: readonly JsonObject[]): Promise<Reason | 'no key' | 'opened'> {
  const algorithms = Object.keys(KEY_MANAGEMENT)
  const encodings = Object.keys(CONTENT_ENCRYPTION)
  try {
    const rules = decryptionRules({ keys: { keys: privateJwks }, algorithms, encodings }, 'decryption')
    await new Decryptor(rules, 'https://as.example').decrypt(jwe, () => true)
    return 'opened'
  } catch (error) {
    if (error instanceof AuthError) return error.reason
    if (error instanceof ConfigError) return 'no key'
    throw error
  }
}
