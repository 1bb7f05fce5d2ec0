import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '#core/syntax/json'

export type VectorFile = 'signature' | 'key' | 'crypto' | 'encryption'

export interface Vector {
  readonly file: VectorFile
  readonly id: number
  readonly comment: string
  /** What the file says of it. */
  readonly valid: boolean
  /** The compact serialization, or a JSON one. */
  readonly text: string
  readonly encrypted: boolean
  /** The keys to verify with: the public ones where the file has any. */
  readonly keys: readonly JsonObject[]
  /** The keys to sign and decrypt with. */
  readonly privateKeys: readonly JsonObject[]
}

interface Group {
  readonly public?: JsonObject
  readonly private: JsonObject
  readonly tests: readonly {
    readonly tcId: number
    readonly comment: string
    readonly result: 'valid' | 'invalid'
    readonly jws?: string | object
    readonly jwe?: string | object
  }[]
}

const listOf = (keys: JsonObject): readonly JsonObject[] =>
  (keys['keys'] as readonly JsonObject[] | undefined) ?? [keys]
const textOf = (token: string | object): string => (typeof token === 'string' ? token : JSON.stringify(token))

function read(file: VectorFile): readonly Vector[] {
  const path = join(import.meta.dirname, 'wycheproof', `json_web_${file}_test.json`)
  const { testGroups } = JSON.parse(readFileSync(path, 'utf8')) as { testGroups: readonly Group[] }
  return testGroups.flatMap((group) =>
    group.tests.map(({ tcId, comment, result, jws, jwe }) => ({
      file,
      id: tcId,
      comment,
      valid: result === 'valid',
      text: textOf((jws ?? jwe)!),
      encrypted: jwe !== undefined,
      keys: listOf(group.public ?? group.private),
      privateKeys: listOf(group.private),
    })),
  )
}

export const VECTORS: readonly Vector[] = (['signature', 'key', 'crypto', 'encryption'] as const).flatMap(read)

export const nameOf = ({ file, id }: Pick<Vector, 'file' | 'id'>): string => `${file} ${id}`

export function vector(name: string): Vector {
  const found = VECTORS.find((one) => nameOf(one) === name)
  if (!found) throw new Error(`there is no vector ${name}`)
  return found
}

/** Where the verdict on a JWS is not the file's, by the row that says why. */
export const DEVIATIONS: Readonly<Record<string, readonly string[]>> = {
  'WY-01': ['signature 346', 'signature 350'],
  'WY-02': ['signature 347', 'signature 351'],
  'WY-03': ['signature 367', 'signature 370'],
  'WY-04': ['signature 372', 'signature 373'],
  'WY-05': ['key 7', 'crypto 46'],
  'WY-06': ['key 1', 'crypto 47'],
  'WY-07': ['key 4'],
}

/** Encrypted in a way that policy never allows: RSA1_5 (JWT BCP §3.2), a shared key, compressed (§3.15). */
export function isAgainstPolicy({ text, privateKeys }: Vector): boolean {
  const header = Buffer.from(text.split('.')[0]!, 'base64url').toString('latin1')
  return privateKeys.some(({ kty }) => kty === 'oct') || /"alg"\s*:\s*"RSA1_5"|"zip"/.test(header)
}
