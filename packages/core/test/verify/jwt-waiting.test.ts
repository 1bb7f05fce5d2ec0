import { describe, expect, test } from 'vitest'
import { AuthError } from '../../src/errors.ts'
import { Checks } from '../../src/explain/checks.ts'
import type { VerificationKey } from '../../src/keys/jwk.ts'
import { EMPTY_KEY_SET, type KeySet, succeed } from '../../src/keys/key-set.ts'
import type { KeyRequest, KeySource } from '../../src/keys/key-source.ts'
import type { SignatureCheck, Signatures } from '../../src/ports/signatures.ts'
import { inlineSignatures } from '../../src/ports/signatures.ts'
import { Caller } from '../../src/request.ts'
import { deferred } from '../support/deferred.ts'
import {
  type Bench,
  bench,
  ISSUER,
  jwkFor,
  keySetOf,
  laterVerdictOf,
  NOW,
  pairFor,
  present,
  refusalOf,
  SKEW,
  tokenOf,
  verdictOf,
} from '../support/jwt.ts'
import { errorOf } from '../support/refusals.ts'

/** Keys as scripted: what each way of asking for them gives. */
function keysWith(script: Partial<KeySource>): { readonly keys: KeySource; readonly requests: KeyRequest[] } {
  const requests: KeyRequest[] = []
  const keys: KeySource = {
    usableAt: () => true,
    remaining: Infinity,
    at: () => undefined,
    find: async (request) => {
      requests.push(request)
      return script.at?.(request) ?? []
    },
    mayReconsider: () => false,
    reconsider: async () => undefined,
    keys: [],
    status: undefined,
    unknownKids: { fetched: 0, joined: 0, limited: 0 },
    ...script,
  }
  return { keys, requests }
}

/** A thread pool that answers when it is told to, and counts what it was given. */
function pool() {
  const given: SignatureCheck[] = []
  const waiting: (() => void)[] = []
  const signatures: Signatures = {
    now: () => undefined,
    later: async (check) => {
      given.push(check)
      const { promise, resolve } = deferred<void>()
      waiting.push(() => resolve())
      await promise
      return inlineSignatures.now(check)
    },
  }
  return { signatures, given, end: () => waiting.splice(0).forEach((go) => go()) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const es = (kid: string, name = 'first') => jwkFor('ES256', { kid }, name)
const setOf = (...jwks: Parameters<typeof keySetOf>[0]): KeySet => keySetOf(jwks, ['ES256'])
const verify = ({ verifier, clock }: Bench, token: string) => verifier.verify(present(token, clock))
const forged = (): string => tokenOf({ key: pairFor('ES256', 'third').privateKey })

describe('the same token at once', () => {
  test('its signature is checked once for all who bring it', async () => {
    const { signatures, given, end } = pool()
    const one = bench('ES256', { signatures })
    const token = tokenOf()
    const verdicts = [verify(one, token), verify(one, token), verify(one, token)]
    await turn()
    expect(given.length).toBe(1)
    end()
    const [first, ...others] = await Promise.all(verdicts)
    for (const other of others) expect(other.token).toBe(first!.token)
  })

  test('and again for who comes after it was refused', async () => {
    const { signatures, given, end } = pool()
    const one = bench('ES256', { signatures })
    const token = forged()
    for (const times of [1, 2]) {
      const verdict = laterVerdictOf(() => verify(one, token))
      await turn()
      expect(given.length).toBe(times)
      end()
      expect(await verdict).toBe('signature_invalid')
    }
  })

  test('other tokens have checks of their own', async () => {
    const { signatures, given, end } = pool()
    const one = bench('ES256', { signatures })
    const verdicts = [verify(one, tokenOf()), verify(one, tokenOf({ claims: { jti: 'other' } }))]
    await turn()
    expect(given.length).toBe(2)
    end()
    await Promise.all(verdicts)
  })

  test('a check that began with the keys of before is not shared with those of now', async () => {
    const { signatures, given, end } = pool()
    let set = setOf(es('k', 'second'))
    const { keys } = keysWith({ at: () => set.keys })
    const one = bench('ES256', { signatures, keys })
    const token = tokenOf({ header: { kid: 'k' } })
    const before = laterVerdictOf(() => verify(one, token))
    await turn()
    set = setOf(es('k'))
    const now = verify(one, token)
    await turn()
    expect(given.length).toBe(2)
    end()
    expect((await now).source).toBe('live')
    await turn()
    end()
    expect(await before).toBe('accepted')
  }) // JK-35

  test('nor with those of now that were there before, where another has come', async () => {
    const { signatures, given, end } = pool()
    const both = setOf(es('k', 'second'), es('k')).keys
    let set: readonly VerificationKey[] = both.slice(0, 1)
    const { keys } = keysWith({ at: () => set })
    const one = bench('ES256', { signatures, keys })
    const token = tokenOf({ header: { kid: 'k' } })
    const before = laterVerdictOf(() => verify(one, token))
    await turn()
    set = both
    const now = laterVerdictOf(() => verify(one, token))
    await turn()
    expect(given.length).toBe(2)
    for (const _ of [1, 2, 3]) {
      end()
      await turn()
    }
    expect(await now).toBe('accepted')
    await before
  }) // JK-35

  test('the end of the older check takes nothing from the newer one', async () => {
    let set = setOf(es('k', 'second'))
    const { keys } = keysWith({ at: () => set.keys })
    const first = deferred<boolean>()
    const second = deferred<boolean>()
    const answers = [first.promise, second.promise]
    let asked = 0
    const signatures: Signatures = { now: () => undefined, later: () => answers[asked++] ?? Promise.resolve(false) }
    const one = bench('ES256', { signatures, keys })
    const token = tokenOf({ header: { kid: 'k' } })
    const older = laterVerdictOf(() => verify(one, token))
    await turn()
    set = setOf(es('k'))
    const newer = verify(one, token)
    await turn()
    first.resolve(false)
    await turn()
    const before = asked
    const joined = verify(one, token)
    await turn()
    expect(asked).toBe(before)
    second.resolve(true)
    expect((await joined).token).toBe((await newer).token)
    await older
  })
})

test('the arithmetic is told what it is about, and that it is quick', async () => {
  const { signatures, given, end } = pool()
  const verdict = verify(bench('ES256', { signatures }), tokenOf())
  await turn()
  end()
  await verdict
  expect(given).toMatchObject([{ hash: 'sha256', cost: 'medium' }])
})

test('what is the same for all that a key signed is kept once', async () => {
  const one = bench('ES256')
  const [first, second] = [await verify(one, tokenOf()), await verify(one, tokenOf({ claims: { jti: 'other' } }))]
  expect(first.token.provenance).toBe(second.token.provenance)
})

describe('a token that is known by now', () => {
  test('is not checked again', async () => {
    const { signatures, given, end } = pool()
    const one = bench('ES256', { signatures })
    const token = tokenOf()
    const first = verify(one, token)
    await turn()
    end()
    expect(await first).toMatchObject({ source: 'live', stale: false })
    expect(await verify(one, token)).toEqual({ token: (await first).token, source: 'cache', stale: false })
    expect(given.length).toBe(1)
  })

  test('is checked again where its key has left the set', async () => {
    let set = succeed(undefined, setOf(es('k')))
    const { keys } = keysWith({ at: () => set.keys })
    const one = bench('ES256', { keys })
    const token = tokenOf({ header: { kid: 'k' } })
    await verify(one, token)
    set = succeed(set, EMPTY_KEY_SET)
    set = succeed(set, setOf(es('k')))
    expect((await verify(one, token)).source).toBe('live')
  }) // JK-35
})

describe('keys', () => {
  test('are asked for by what the header says, since when, and as long as the caller stays', async () => {
    const { keys, requests } = keysWith({ at: () => setOf(es('k')).keys })
    const one = bench('ES256', { keys })
    const caller = new Caller({})
    await one.verifier.verify({ ...present(tokenOf({ header: { kid: 'k' } }), one.clock), arrivedAt: 7, caller })
    expect(requests).toEqual([{ algorithm: 'ES256', kid: 'k', arrivedAt: 7, caller }])
  })

  test('that were tried are not tried again, whichever way they come back', async () => {
    const set = setOf(es('k', 'second'))
    for (const again of [undefined, set.keys]) {
      let tried = 0
      const signatures: Signatures = { now: () => undefined, later: async () => (tried++, false) }
      const { keys } = keysWith({ at: () => set.keys, reconsider: async () => again })
      const one = bench('ES256', { keys, signatures })
      const refusal = await errorOf(() => verify(one, tokenOf({ header: { kid: 'k' } })))
      expect([refusal.reason, AuthError.detailsOf(refusal).issuer, tried]).toEqual(['signature_invalid', ISSUER, 1])
    }
  }) // JK-35

  test('that came while others were tried are tried, too', async () => {
    let set = setOf(es('k', 'second'))
    const { keys } = keysWith({
      at: () => set.keys,
      reconsider: async () => {
        set = setOf(es('k', 'second'), es('k'))
        return undefined
      },
    })
    expect(await laterVerdictOf(() => verify(bench('ES256', { keys }), tokenOf({ header: { kid: 'k' } })))).toBe(
      'accepted',
    )
  }) // JK-35

  test('that are gone afterwards leave the verdict as it was', async () => {
    const { keys } = keysWith({ find: async () => setOf(es('k', 'second')).keys, at: () => undefined })
    expect(await laterVerdictOf(() => verify(bench('ES256', { keys }), tokenOf({ header: { kid: 'k' } })))).toBe(
      'signature_invalid',
    )
  })

  test('that no longer count when the signature is found good do not admit', async () => {
    const set: readonly VerificationKey[] = succeed(undefined, setOf(es('k'))).keys
    const { keys } = keysWith({ at: () => set })
    succeed({ keys: set, single: true }, EMPTY_KEY_SET)
    const one = bench('ES256', { keys })
    expect(await laterVerdictOf(() => verify(one, tokenOf({ header: { kid: 'k' } })))).toBe('signature_invalid')
  }) // JK-35
})

test.each([
  ['RS256', 'small'],
  ['PS256', 'small'],
  ['ES256', 'medium'],
  ['Ed25519', 'medium'],
  ['ES384', 'large'],
] as const)('the arithmetic of %s is known to be %s', (algorithm, cost) => {
  const given: SignatureCheck[] = []
  const signatures: Signatures = {
    now: (check) => (given.push(check), true),
    later: () => expect.unreachable('nothing waits'),
  }
  const { verifier } = bench(algorithm, { signatures })
  expect(verdictOf(() => verifier.now(present(tokenOf({ algorithm }))))).toBe('accepted')
  expect(given.map((check) => check.cost)).toEqual([cost])
})

describe('what is decided at once', () => {
  test('waits where the arithmetic belongs in the thread pool', () => {
    const one = bench('ES256', { signatures: { now: () => undefined, later: async () => true } })
    expect(verdictOf(() => one.verifier.now(present(tokenOf())))).toBe('waits')
    expect(one.store.entries).toBe(0)
  })

  test('a thread pool that is full is no verdict, and says when to come back', async () => {
    const one = bench('ES256', { signatures: { now: () => undefined, later: async () => undefined } })
    const error = await errorOf(() => verify(one, tokenOf()))
    expect([error.reason, AuthError.detailsOf(error)]).toEqual(['overloaded', { retryAfter: 1, issuer: ISSUER }])
  })

  test('a key that a token offers is refused where that is configured, and ignored elsewhere', async () => {
    const token = tokenOf({ header: { jwk: jwkFor('ES256') } })
    const strict = bench('ES256', { rejectKeyHeaders: true })
    expect(refusalOf(() => strict.verifier.now(present(token)))).toMatchObject({
      reason: 'key_in_header',
      issuer: ISSUER,
    })
    expect(await laterVerdictOf(() => verify(strict, token))).toBe('key_in_header')
    expect(verdictOf(() => strict.verifier.now(present(tokenOf())))).toBe('accepted')
    expect(verdictOf(() => bench('ES256').verifier.now(present(token)))).toBe('accepted')
  }) // JW-32

  test('a header that was seen before is judged like one that was not', async () => {
    const strict = bench('ES256', { rejectKeyHeaders: true })
    const offering = tokenOf({ header: { kid: 'a', x5u: 'https://as.example/key' } })
    const other = tokenOf({ header: { kid: 'b', typ: 'JWT' } })
    for (const _ of [1, 2]) {
      expect(verdictOf(() => strict.verifier.now(present(offering)))).toBe('key_in_header')
      expect(verdictOf(() => strict.verifier.now(present(other)))).toBe('type_wrong')
      expect(verdictOf(() => bench('ES256').verifier.now(present(offering)))).toBe('accepted')
    }
    const { keys, requests } = keysWith({ at: () => setOf(es('k')).keys })
    const one = bench('ES256', { keys })
    await verify(one, tokenOf({ header: { kid: 'k' } }))
    await verify(one, tokenOf({ header: { kid: 'k' }, claims: { jti: 'other' } }))
    expect(requests.map(({ kid }) => kid)).toEqual(['k', 'k'])
  })

  test('a refusal names its issuer, and for operators what was wrong', async () => {
    expect(refusalOf(() => bench('ES256').verifier.now(present('opaque')))).toMatchObject({ issuer: ISSUER })
    const error = await errorOf(() => bench('ES256').verifier.now(present(tokenOf({ claims: { jti: undefined } }))))
    expect(AuthError.detailsOf(error)).toMatchObject({
      issuer: ISSUER,
      unverified: true,
      detail: 'claim "jti" is missing',
    })
  })

  test('a token that ends during the arithmetic is refused in the name of its issuer', async () => {
    const { signatures, end } = pool()
    const one = bench('ES256', { signatures })
    const verdict = errorOf(() => verify(one, tokenOf({ claims: { exp: NOW - SKEW + 1, iat: NOW - 100 } })))
    await turn()
    one.clock.advance(2)
    end()
    const error = await verdict
    expect([error.reason, AuthError.detailsOf(error).issuer]).toEqual(['token_expired', ISSUER])
  }) // BT-28
})

async function explain(one: Bench, token: string) {
  const checks = new Checks()
  const found = await one.verifier.explain(present(token, one.clock), checks)
  const failed = checks.all.filter(({ outcome }) => outcome !== 'passed').map(({ reason }) => reason)
  return { found, failed, checks }
}

describe('explained', () => {
  test('a good token gives what it says, and is not remembered', async () => {
    const one = bench('ES256')
    const { found, failed } = await explain(one, tokenOf())
    expect([found?.claims['sub'], found?.key?.algorithm, failed, one.store.entries]).toEqual(['alice', 'ES256', [], 0])
  })

  test.each([
    ['no JWT', 'opaque', ['token_malformed']],
    ['one by a stranger', forged(), ['signature_invalid']],
    ['an expired one', tokenOf({ claims: { exp: 1, iat: 0 } }), ['token_expired']],
  ])('%s gives nothing but the reason', async (_, token, reasons) => {
    const { found, failed } = await explain(bench('ES256'), token)
    expect([found, failed]).toEqual([undefined, reasons])
  })

  test('an algorithm that is missing is not called one that is not allowed', async () => {
    const { failed, checks } = await explain(bench('ES256'), tokenOf({ header: { alg: undefined } }))
    expect(failed).toEqual(['token_malformed'])
    expect(checks.all).toContainEqual({ reason: 'algorithm_not_allowed', outcome: 'passed' })
  })
})
