import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import { AuthError, orThrow } from '../../src/errors.ts'
import type { KeyFault } from '../../src/keys/jwk.ts'
import { parseKeySet } from '../../src/keys/key-set.ts'
import { pinnedKeys } from '../../src/keys/key-source.ts'
import { type JsonObject, parseJsonObject } from '../../src/syntax/json.ts'
import type { Algorithm } from '../../src/verify/algorithms.ts'
import { bench, NOW, present } from './jwt.ts'

/** What became of a token before a key set. */
export interface KeyVerdict {
  readonly is: 'accepted' | 'refused'
  readonly reason: string
  /** Why keys of the set were left out. */
  readonly faults: readonly KeyFault[]
}

/** The token with the keys of a published set, as the core reads it. Anything but an `AuthError` goes on. */
export function ourKeyVerdict(token: string, document: string, algorithm: Algorithm): KeyVerdict {
  const faults: KeyFault[] = []
  const refused = (reason: string): KeyVerdict => ({ is: 'refused', reason, faults })
  const json = parseJsonObject(Buffer.from(document))
  const set = json && parseKeySet(json, [algorithm], (fault) => faults.push(fault))
  if (!set) return refused('no_set')
  const { verifier, clock } = bench(algorithm, { keys: pinnedKeys(set) })
  try {
    orThrow(verifier.now(present(token, clock)))
    return { is: 'accepted', reason: 'accepted', faults }
  } catch (error) {
    if (error instanceof AuthError) return refused(error.reason)
    throw error
  }
}

/** The same by jose, which is asked about each key where it finds several. */
export async function josesKeyVerdict(
  token: string,
  document: string,
  algorithm: Algorithm,
): Promise<KeyVerdict['is']> {
  const algorithms = algorithm === 'Ed25519' ? ['Ed25519', 'EdDSA'] : [algorithm]
  const options = { algorithms, currentDate: new Date(NOW * 1_000) }
  const verifies = async (keys: Parameters<typeof jwtVerify>[1]): Promise<boolean> => {
    return jwtVerify(token, keys as never, options).then(
      () => true,
      (error: unknown) => {
        if (error instanceof errors.JWKSMultipleMatchingKeys) throw error
        return false
      },
    )
  }
  try {
    return (await verifies(createLocalJWKSet(JSON.parse(document) as never))) ? 'accepted' : 'refused'
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return 'refused'
    for await (const key of error) if (await verifies(key)) return 'accepted'
    return 'refused'
  }
}

interface Case {
  readonly keys: readonly JsonObject[]
  readonly kid: unknown
  readonly ours: KeyVerdict
}

/** A rule on keys by which the two differ, and what tells that it is the one. */
export interface KeyRule {
  readonly name: string
  readonly applies: (one: Case) => boolean
}

const has = (jwk: JsonObject, ...names: readonly string[]): boolean => names.some((name) => Object.hasOwn(jwk, name))
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const canonical = (value: unknown): boolean =>
  typeof value === 'string' && Buffer.from(value, 'base64url').toString('base64url') === value
const octets = (value: unknown): number => Buffer.from(String(value), 'base64url').length
const LENGTHS: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66, Ed25519: 32 }
const isPlain = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What jose takes and we do not. */
export const STRICTER_KEYS: readonly KeyRule[] = [
  {
    name: 'a set with a twin member is no set (JK-04)',
    applies: ({ ours }) => ours.reason === 'no_set',
  },
  {
    name: 'private members spoil a key (JK-18)',
    applies: ({ keys, ours }) =>
      ours.faults.includes('private') && keys.some((key) => isPlain(key) && has(key, ...PRIVATE)),
  },
  {
    name: 'members have one spelling (JK-14)',
    applies: ({ keys, ours }) =>
      ours.faults.includes('unusable') &&
      keys.some((key) => isPlain(key) && ['x', 'y', 'n', 'e'].some((name) => has(key, name) && !canonical(key[name]))),
  },
  {
    name: 'coordinates have the length of the curve (JK-14, JK-17)',
    applies: ({ keys, ours }) =>
      ours.faults.includes('unusable') &&
      keys.some(
        (key) =>
          isPlain(key) &&
          ['x', 'y'].some((name) => has(key, name) && octets(key[name]) !== LENGTHS[key['crv'] as string]),
      ),
  },
  {
    name: 'an RSA key has no curve (RFC 7518 §6.3)',
    applies: ({ keys, ours }) =>
      ours.faults.includes('not_allowed') &&
      keys.some((key) => isPlain(key) && key['kty'] === 'RSA' && has(key, 'crv')),
  },
  {
    name: 'kid is a text (RFC 7517 §4.5)',
    applies: ({ keys, ours }) =>
      ours.faults.includes('unusable') &&
      keys.some((key) => isPlain(key) && has(key, 'kid') && typeof key['kid'] !== 'string'),
  },
  {
    name: 'an exponent is odd, at least 3, and small (NG-22)',
    applies: ({ ours }) => ours.faults.includes('weak'),
  },
  {
    name: 'without kid, several keys that fit are ambiguous (JK-11)',
    applies: ({ kid, ours }) => kid === undefined && ours.reason === 'key_ambiguous',
  },
]

/** What we take and jose does not. */
export const LAXER_KEYS: readonly KeyRule[] = [
  {
    name: 'the only key, without kid, goes with any kid (JK-12)',
    applies: ({ keys, kid }) => kid !== undefined && keys.length === 1 && keys[0]!['kid'] === undefined,
  },
  {
    name: 'EdDSA and Ed25519 name the same algorithm (RFC 9864 §2.2)',
    applies: ({ keys }) => keys.some((key) => isPlain(key) && (key['alg'] === 'EdDSA' || key['alg'] === 'Ed25519')),
  },
  {
    name: 'members that are not read cannot spoil a key: ext, oth and unknown ones (RFC 7517 §4)',
    applies: ({ keys }) => keys.some((key) => isPlain(key) && has(key, 'ext', 'key_ops')),
  },
  {
    name: 'an entry that is no key is left out, and the others stay (JK-03)',
    applies: ({ keys }) => keys.some((key) => !isPlain(key)),
  },
]
