import { createPublicKey, type KeyObject } from 'node:crypto'
import { generateKey, type SigningAlgorithm } from './algorithms.ts'

/** A signing key of the server. */
export interface TestKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly privateKey: KeyObject
  /** As it is published. */
  readonly jwk: PublicJwk
}

/** A public key as JWK. */
export type PublicJwk = Readonly<Record<string, unknown>>

/** A JWK Set of public keys. */
export interface PublicJwkSet {
  readonly keys: readonly PublicJwk[]
}

export interface AddKeyOptions {
  /** Default `'ES256'`. */
  readonly alg?: SigningAlgorithm
  /** Default: the algorithm and a number. The name of an existing key replaces that key. */
  readonly kid?: string
  /** Default true. An unpublished key signs where it is named by `kid`. */
  readonly publish?: boolean
  /** Members of the published JWK; `undefined` removes one, such as `{ alg: undefined }`. */
  readonly jwk?: Readonly<Record<string, unknown>>
}

/** The server's keys. */
export interface KeyRing {
  readonly add: (options?: AddKeyOptions) => TestKey
  readonly remove: (kid: string) => void
  readonly publish: (kid: string) => void
  readonly unpublish: (kid: string) => void
  /** A new published key for each algorithm in use; the old ones are no longer published. */
  readonly rotate: () => readonly TestKey[]
  /** The newest published key for an algorithm, of any one where none is said. */
  readonly current: (alg?: SigningAlgorithm) => TestKey | undefined
  /** @throws {TypeError} where there is none. */
  readonly named: (kid: string) => TestKey
  readonly published: PublicJwkSet
}

export function keyRing(): KeyRing {
  const keys = new Map<string, TestKey>()
  const published = new Set<string>()
  let made = 0

  function named(kid: string): TestKey {
    const key = keys.get(kid)
    if (!key) throw new TypeError(`there is no key ${JSON.stringify(kid)}; there are ${[...keys.keys()].join(', ')}`)
    return key
  }

  function remove(kid: string): void {
    named(kid)
    keys.delete(kid)
    published.delete(kid)
  }

  function add({ alg = 'ES256', kid, publish = true, jwk }: AddKeyOptions = {}): TestKey {
    const privateKey = generateKey(alg)
    made += 1
    const name = kid ?? `${alg.toLowerCase()}-${made}`
    if (keys.has(name)) remove(name)
    const members = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: name, alg, use: 'sig', ...jwk }
    const key = Object.freeze({ kid: name, alg, privateKey, jwk: Object.freeze(members) })
    keys.set(name, key)
    if (publish) published.add(name)
    return key
  }

  return {
    add,
    remove,
    named,
    publish: (kid) => void published.add(named(kid).kid),
    unpublish: (kid) => void published.delete(named(kid).kid),
    rotate: () => {
      const algorithms = new Set([...published].map((kid) => named(kid).alg))
      published.clear()
      return [...algorithms].map((alg) => add({ alg }))
    },
    current: (alg) =>
      [...keys.values()].findLast((key) => published.has(key.kid) && (alg === undefined || key.alg === alg)),
    get published() {
      return { keys: [...keys.values()].filter(({ kid }) => published.has(kid)).map(({ jwk }) => jwk) }
    },
  }
}
