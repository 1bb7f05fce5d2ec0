import { describe, expect, test } from 'vitest'
import type { VerificationKey } from '../../src/keys/jwk.ts'
import { EMPTY_KEY_SET, type KeySet, select, succeed } from '../../src/keys/key-set.ts'
import type { KeySource } from '../../src/keys/key-source.ts'
import { orThrow, refused } from '../../src/errors.ts'
import { parseJws } from '../../src/syntax/jws.ts'
import type { JwtRules } from '../../src/verify/jwt-claims.ts'
import type { Verdict, Verifier } from '../../src/verify/verifier.ts'
import {
  type Bench,
  bench,
  ISSUER,
  jwkFor,
  keySetOf,
  keysFor,
  laterVerdictOf,
  NOW,
  pairFor,
  present,
  refusalOf,
  SKEW,
  tokenOf,
  verdictOf,
} from '../support/jwt.ts'

const NO_LOOKS = { fetched: 0, joined: 0, limited: 0 }

/** Keys that can be changed, taken away, and waited for. */
class HandKeys implements KeySource {
  set: KeySet | undefined
  usable = true
  readonly usableAt = (): boolean => this.usable
  /** What is published by now. */
  renewed: KeySet | undefined
  /** Runs while a caller of `find` waits. */
  meanwhile: () => void = () => undefined
  readonly status = undefined
  readonly unknownKids = NO_LOOKS
  readonly remaining = Infinity

  constructor(set?: KeySet) {
    this.set = set
  }

  get keys(): readonly VerificationKey[] {
    return this.set?.keys ?? []
  }

  at(request: Parameters<KeySource['at']>[0]): readonly VerificationKey[] | undefined {
    if (!this.set || !this.usable) return undefined
    const selection = select(this.set, request)
    if (selection.is !== 'found') throw refused('key_unknown')
    return selection.keys
  }

  async find(request: Parameters<KeySource['find']>[0]): Promise<readonly VerificationKey[]> {
    this.meanwhile()
    const found = this.at(request)
    if (!found) throw refused('keys_unavailable', { retryAfter: 1 })
    return found
  }

  mayReconsider(): boolean {
    return this.renewed !== undefined
  }

  async reconsider(request: Parameters<KeySource['reconsider']>[0]): Promise<readonly VerificationKey[] | undefined> {
    if (!this.renewed) return undefined
    this.set = succeed(this.set, this.renewed)
    this.renewed = undefined
    return this.at(request)
  }
}

const untouchable: KeySource = {
  usableAt(): boolean {
    return expect.unreachable('keys were asked for')
  },
  at: () => expect.unreachable('keys were asked for'),
  find: () => expect.unreachable('keys were asked for'),
  mayReconsider: () => expect.unreachable('keys were asked for'),
  reconsider: () => expect.unreachable('keys were asked for'),
  keys: [],
  status: undefined,
  unknownKids: NO_LOOKS,
  remaining: Infinity,
}

const es = (kid: string, name = 'first') => jwkFor('ES256', { kid }, name)
const setOf = (...jwks: Parameters<typeof keySetOf>[0]): KeySet => keySetOf(jwks, ['ES256'])

function judged({ verifier, clock }: Bench, token: string): Verdict {
  return orThrow(verifier.now(present(token, clock))!)
}

describe('JwtVerifier.now', () => {
  test('accepts a good token, live and fresh', () => {
    const { token, source, stale } = judged(bench('ES256'), tokenOf())
    expect({ source, stale }).toEqual({ source: 'live', stale: false })
    expect([token.issuer, token.by, token.claims['sub'], token.scopes]).toEqual([
      ISSUER,
      'signature',
      'alice',
      ['orders:read'],
    ])
  })

  test('remembers the token with the key that signed, and not the token itself', () => {
    const one = bench('ES256')
    const text = tokenOf()
    const { token } = judged(one, text)
    expect(one.store.peek(token.digest)).toStrictEqual(token)
    expect(token.key?.algorithm).toBe('ES256')
    expect(JSON.stringify(Object.values(token).filter((value) => typeof value === 'string'))).not.toContain(text) // BT-31
  })

  test('speaks for itself where no other verifier owns it', () => {
    const one = bench('ES256')
    expect(judged(one, tokenOf()).token.verifier).toBe(one.verifier)
  })

  test('speaks for the verifier that owns it', () => {
    const owner = {} as Verifier
    expect(judged(bench('ES256', {}, owner), tokenOf()).token.verifier).toBe(owner)
  })

  test('remembers nothing of a token that it refused', () => {
    const one = bench('ES256')
    const forged = tokenOf({ key: pairFor('ES256', 'second').privateKey })
    expect(verdictOf(() => judged(one, forged))).toBe('signature_invalid')
    expect(one.store.entries).toBe(0)
  })

  test('uses the token taken apart where the caller has done so', () => {
    const one = bench('ES256')
    const token = tokenOf()
    const presented = { ...present('unread', one.clock), jwt: parseJws(token) }
    expect(verdictOf(() => one.verifier.now(presented))).toBe('accepted')
  })

  test('refuses what is no JWT', () => {
    expect(verdictOf(() => judged(bench('ES256'), 'opaque'))).toBe('token_malformed')
  })

  test('waits where keys must be waited for', () => {
    expect(verdictOf(() => judged(bench('ES256', { keys: new HandKeys() }), tokenOf()))).toBe('waits')
  })

  test('tries each key that shares the kid', () => {
    const keys = new HandKeys(setOf(es('k', 'second'), es('k')))
    const { token } = judged(bench('ES256', { keys }), tokenOf({ header: { kid: 'k' } }))
    expect(token.key).toBe(keys.keys[1]) // JK-13
  })

  test('never verifies with the key of another kid', () => {
    const keys = new HandKeys(setOf(es('a'), es('b', 'second')))
    const token = tokenOf({ header: { kid: 'b' } })
    expect(verdictOf(() => judged(bench('ES256', { keys }), token))).toBe('signature_invalid')
  })

  test('any published key may have signed', () => {
    const keys = new HandKeys(setOf(es('a'), es('b', 'second')))
    const token = tokenOf({ header: { kid: 'b' }, key: pairFor('ES256', 'second').privateKey })
    expect(verdictOf(() => judged(bench('ES256', { keys }), token))).toBe('accepted') // AT-13
  })

  test('never believes another issuer\u2019s name under this issuer\u2019s key', () => {
    const token = tokenOf({ claims: { iss: 'https://other.example' } })
    expect(verdictOf(() => judged(bench('ES256'), token))).toBe('issuer_wrong') // JW-43, JW-56, NG-54
  })

  test('gives claims that are frozen to the leaves and pollute nothing', () => {
    const claimsText = `${JSON.stringify({ ...tokenClaims(), deep: [{ a: {} }] }).slice(0, -1)},"__proto__":{"admin":true}}`
    const { claims } = judged(bench('ES256'), tokenOf({ claimsText })).token
    expect((claims as { admin?: unknown }).admin).toBeUndefined()
    expect(Object.isFrozen((claims['deep'] as readonly { a: object }[])[0]!.a)).toBe(true) // JW-54, NG-34
  })
})

describe('JwtVerifier, before any key', () => {
  test.each([
    ['expired', { exp: NOW - SKEW }, 'token_expired'],
    ['for another audience', { aud: 'other' }, 'audience_wrong'],
    ['of another kind', { events: {} }, 'token_kind_wrong'],
    ['malformed', { exp: 'never' }, 'claims_malformed'],
  ])('refuses a token that is %s, and marks the reason as unverified', (_, claims, reason) => {
    const one = bench('ES256', { keys: untouchable })
    const refusal = refusalOf(() => judged(one, tokenOf({ claims })))
    expect(refusal).toEqual({ reason, issuer: ISSUER, unverified: true })
  })

  test('refuses a bad token in the waiting path, too', async () => {
    const one = bench('ES256', { keys: untouchable })
    const verdict = await laterVerdictOf(() => one.verifier.verify(present(tokenOf({ claims: { exp: 1, iat: 0 } }))))
    expect(verdict).toBe('token_expired')
  })

  test.each([
    [{ alg: 'none' }, 'algorithm_not_allowed'],
    [{ crit: ['x'] }, 'critical_unsupported'],
    [{ typ: 'JWT' }, 'type_wrong'],
    [{ kid: 1 }, 'token_malformed'],
  ])('refuses the header %j', (header, reason) => {
    expect(verdictOf(() => judged(bench('ES256', { keys: untouchable }), tokenOf({ header })))).toBe(reason) // JW-61
  })

  test('does not mark a wrong signature as unverified', () => {
    const forged = tokenOf({ key: pairFor('ES256', 'second').privateKey })
    const refusal = refusalOf(() => judged(bench('ES256'), forged))
    expect(refusal).toEqual({ reason: 'signature_invalid', issuer: ISSUER, unverified: undefined })
  })
})

describe('JwtVerifier.verify', () => {
  test('accepts a good token', async () => {
    const one = bench('ES256')
    const { token, source } = await one.verifier.verify(present(tokenOf(), one.clock))
    expect([token.claims['sub'], source, one.store.entries]).toEqual(['alice', 'live', 1])
  })

  test('refuses a forged token', async () => {
    const forged = tokenOf({ key: pairFor('ES256', 'second').privateKey })
    expect(await laterVerdictOf(() => bench('ES256').verifier.verify(present(forged)))).toBe('signature_invalid')
  })

  test('at hand a bad signature is undecided where its key may have been renewed under its name', () => {
    const keys = new HandKeys(setOf(es('k')))
    const token = tokenOf({ header: { kid: 'k' }, key: pairFor('ES256', 'second').privateKey })
    keys.renewed = setOf(es('k', 'second'))
    expect(verdictOf(() => judged(bench('ES256', { keys }), token))).toBe('waits')
  }) // JK-35

  test.each([
    ['accepted', 'second'],
    ['signature_invalid', 'third'],
  ])('a token that no key at hand signed is %s after another look', async (verdict, signer) => {
    const keys = new HandKeys(setOf(es('k')))
    const token = tokenOf({ header: { kid: 'k' }, key: pairFor('ES256', signer).privateKey })
    keys.renewed = setOf(es('k', 'second'))
    expect(await laterVerdictOf(() => bench('ES256', { keys }).verifier.verify(present(token)))).toBe(verdict)
  }) // JK-35

  test('accepts with keys that come while it waits', async () => {
    const keys = new HandKeys()
    keys.meanwhile = () => {
      keys.set = setOf(es('k'))
    }
    const token = tokenOf({ header: { kid: 'k' } })
    expect(await laterVerdictOf(() => bench('ES256', { keys }).verifier.verify(present(token)))).toBe('accepted')
  })

  test('says unavailable, not invalid, where keys cannot be had', async () => {
    const verdict = await laterVerdictOf(() =>
      bench('ES256', { keys: new HandKeys() }).verifier.verify(present(tokenOf())),
    )
    expect(verdict).toBe('keys_unavailable')
  })

  test('refuses a token that expired while its key was waited for', async () => {
    const keys = new HandKeys(setOf(es('k')))
    const one = bench('ES256', { keys })
    keys.meanwhile = () => one.clock.advance(2)
    const token = tokenOf({ header: { kid: 'k' }, claims: { exp: NOW - SKEW + 1, iat: NOW - 100 } })
    expect(await laterVerdictOf(() => one.verifier.verify(present(token, one.clock)))).toBe('token_expired') // BT-28
    expect(one.store.entries).toBe(0)
  })

  test('does not believe a key that left its set while the thread pool worked', async () => {
    const keys = new HandKeys(setOf(es('k')))
    const one = bench('ES256', {
      keys,
      signatures: {
        now: () => undefined,
        later: async () => {
          succeed(keys.set, EMPTY_KEY_SET)
          return true
        },
      },
    })
    const verdict = await laterVerdictOf(() => one.verifier.verify(present(tokenOf({ header: { kid: 'k' } }))))
    expect(verdict).toBe('signature_invalid') // JK-35
    expect(one.store.entries).toBe(0)
  })
})

interface Remembered extends Bench {
  readonly entry: Verdict['token']
  readonly keys: HandKeys
  readonly again: () => Verdict | undefined
}

function remembered(rules: Partial<JwtRules> = {}, claims: object = {}): Remembered {
  const keys = new HandKeys(setOf(es('k')))
  const one = bench('ES256', { keys, rules })
  const { token: entry } = judged(one, tokenOf({ header: { kid: 'k' }, claims }))
  return { ...one, entry, keys, again: () => one.verifier.recall(entry) }
}

describe('JwtVerifier.recall', () => {
  test('believes what it verified, from the cache and fresh', () => {
    const { again, entry } = remembered()
    expect(again()).toEqual({ token: entry, source: 'cache', stale: false })
  })

  test('believes it while the key stays in the set over a refresh', () => {
    const { again, keys } = remembered()
    keys.set = succeed(keys.set, setOf(es('new', 'second'), es('k')))
    expect(again()).toBeDefined()
  })

  test('does not believe what a key signed that left its set, and forgets it', () => {
    const { again, keys, store } = remembered()
    keys.set = succeed(keys.set, setOf(es('new', 'second')))
    expect(again()).toBeUndefined()
    expect(store.entries).toBe(0) // JK-35
  })

  test('does not believe what a key signed that changed under the same kid', () => {
    const { again, keys, store } = remembered()
    keys.set = succeed(keys.set, setOf(es('k', 'second')))
    expect(again()).toBeUndefined()
    expect(store.entries).toBe(0)
  })

  test('does not believe what a key signed that was listed twice, once it has left its set', () => {
    const keys = new HandKeys(succeed(undefined, setOf(es('k'), es('k'))))
    const one = bench('ES256', { keys })
    const { token } = judged(one, tokenOf({ header: { kid: 'k' } }))
    keys.set = succeed(keys.set, setOf(es('new', 'second')))
    expect(one.verifier.recall(token)).toBeUndefined() // JK-35
  })

  test('does not believe anything while the keys are past their hard bound, and forgets nothing', () => {
    const { again, keys, store } = remembered()
    keys.usable = false
    expect(again()).toBeUndefined()
    expect(store.entries).toBe(1)
    keys.usable = true
    expect(again()).toBeDefined()
  })

  test('judges exp on every hit', () => {
    const { again, clock } = remembered({}, { exp: NOW + 60 })
    clock.advance(60 + SKEW - 1)
    expect(again()).toBeDefined()
    clock.advance(1)
    expect(verdictOf(again)).toBe('token_expired') // BT-28, JW-45
  })

  test('forgets what has expired', () => {
    const { again, clock, store } = remembered({}, { exp: NOW + 60 })
    clock.advance(60 + SKEW)
    expect(verdictOf(again)).toBe('token_expired')
    expect(store.entries).toBe(0)
  })

  test('judges nbf on every hit: a clock that was set back counts', () => {
    const { again, clock } = remembered({}, { nbf: NOW + SKEW })
    clock.advance(-1)
    expect(verdictOf(again)).toBe('token_not_yet_valid') // JW-46
  })

  test('judges the greatest age on every hit', () => {
    const { again, clock } = remembered({ maxTokenAge: 60 }, { iat: NOW })
    clock.advance(60 + SKEW)
    expect(again()).toBeDefined()
    clock.advance(1)
    expect(verdictOf(again)).toBe('token_too_old') // JW-53
  })

  test('says whose token it was', () => {
    const { again, clock } = remembered()
    clock.advance(10_000)
    expect(refusalOf(again)).toEqual({ reason: 'token_expired', issuer: ISSUER, unverified: undefined })
  })
})

describe('JwtVerifier', () => {
  test('has no authority to ask: a signature is no live evidence', () => {
    expect(bench('ES256').verifier.ask()).toBeUndefined()
  })

  test('forgets a token on demand', () => {
    const one = bench('ES256')
    const { token } = judged(one, tokenOf())
    one.verifier.forget(token.digest)
    expect(one.store.entries).toBe(0)
  })

  test('keeps tokens of other digests when it forgets one', () => {
    const one = bench('ES256')
    const [first] = [judged(one, tokenOf()), judged(one, tokenOf({ claims: { jti: 'token-2' } }))]
    one.verifier.forget(first.token.digest)
    expect(one.store.entries).toBe(1)
  })

  test('knows two spellings of one signature as two tokens, and never by jti', () => {
    const one = bench('ES256')
    judged(one, tokenOf())
    judged(one, tokenOf()) // ECDSA signatures differ each time
    expect(one.store.entries).toBe(2) // JW-25
  })

  test('reads scopes from the claims that it is told to', () => {
    const one = bench('ES256', { keys: keysFor('ES256'), scopeSource: ['permissions'] })
    expect(judged(one, tokenOf({ claims: { permissions: ['a', 'b', 'a'] } })).token.scopes).toEqual(['a', 'b'])
  })
})

function tokenClaims(): object {
  return parseJws(tokenOf())!.claims
}
