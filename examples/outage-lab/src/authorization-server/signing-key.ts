import { generateKeyPair, type JsonWebKey } from 'node:crypto'
import { promisify } from 'node:util'

/** A private JWK with its name. */
export interface SigningKey extends JsonWebKey {
  readonly kid: string
}

const generate = promisify(generateKeyPair)

export async function signingKey(generation: number): Promise<SigningKey> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), kid: `key-${generation}`, alg: 'ES256', use: 'sig' }
}
