import { generateKeyPair, type JsonWebKey } from 'node:crypto'
import { promisify } from 'node:util'

/** One RS256 and one ES256 key, as private JWKs. */
export interface SigningKeys {
  readonly jwks: readonly JsonWebKey[]
  kid(algorithm: 'RS256' | 'ES256'): string
}

const generate = promisify(generateKeyPair)

export async function generateSigningKeys(generation: number): Promise<SigningKeys> {
  const [rsa, ec] = await Promise.all([
    generate('rsa', { modulusLength: 2048 }),
    generate('ec', { namedCurve: 'P-256' }),
  ])
  const kid = (algorithm: string): string => `${algorithm.toLowerCase()}-${generation}`
  const jwk = (key: typeof rsa.privateKey, alg: string): JsonWebKey => ({
    ...key.export({ format: 'jwk' }),
    kid: kid(alg),
    alg,
    use: 'sig',
  })
  return { jwks: [jwk(rsa.privateKey, 'RS256'), jwk(ec.privateKey, 'ES256')], kid }
}
