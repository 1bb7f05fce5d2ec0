import { describe, expect, test } from 'vitest'
import { digestOf, keyOf } from '../../../src/cache/digest.ts'
import { AuthError } from '../../../src/errors.ts'
import { VerificationKey } from '../../../src/keys/jwk.ts'
import { checked, type SignatureCheck, type Signatures } from '../../../src/ports/signatures.ts'
import { DpopBench, NONCE_LIFETIME, noncesFor, refusalOf, RULES, WAIT } from '../../support/dpop-bench.ts'
import { NOW, pairFor } from '../../support/jwt.ts'
import { jkt, proofOf, TOKEN } from '../../support/proofs.ts'

const stranger = { key: pairFor('ES256', 'another').privateKey }
const later = async (check: SignatureCheck): Promise<boolean> => checked(check)

describe('a request', () => {
  const { dpop, clock } = new DpopBench()
  const read = (token: string, ...rawHeaders: string[]): string | undefined => {
    const request = { method: 'GET', url: '/orders', rawHeaders }
    return (refusalOf(() => dpop.read(request, keyOf(token), clock.wall())) as AuthError).reason
  }

  test('has one proof', () => {
    expect(read(TOKEN)).toBe('proof_missing')
    expect(read(TOKEN, 'DPoP', proofOf(), 'dpop', proofOf())).toBe('proof_repeated')
    expect(read(TOKEN, 'dpop', proofOf())).toBeUndefined()
    expect(read(TOKEN, 'dpop', 'x')).toBe('proof_malformed')
  })

  test('has it for its token', () => {
    expect(read('another', 'DPoP', proofOf())).toBe('proof_other_token')
  })
})

describe.each(['now', 'later'] as const)('a proof that is judged %s', (when) => {
  test('counts once, for the key that signed it', async () => {
    const bench = new DpopBench()
    expect(await bench[when]()).toBe('proved')
    expect(await bench[when]()).toBe('proof_replayed')
    expect(await bench[when]({ claims: { jti: 'jti-2' } })).toBe('proved')
    expect(bench.dpop.replays).toEqual({ entries: 2, limit: 100 })
  })

  test('is no proof for another key, and is not used up by it', async () => {
    const bench = new DpopBench()
    expect([await bench[when]({}, digestOf('another')), bench.remembered]).toEqual(['binding_mismatch', 0])
    expect(await bench[when]()).toBe('proved')
  })

  test('is none with the signature of another, and is not used up by that', async () => {
    const bench = new DpopBench()
    expect([await bench[when](stranger), bench.remembered]).toEqual(['proof_signature_invalid', 0])
    expect(await bench[when]()).toBe('proved')
  })

  test('asks for no arithmetic where it was used before', async () => {
    let checks = 0
    const now: Signatures['now'] = (check) => ((checks += 1), checked(check))
    const bench = new DpopBench({ signatures: { now, later } })
    expect([await bench[when](), await bench[when](), checks]).toEqual(['proved', 'proof_replayed', 1])
  })

  test('needs a nonce where nonces are asked for, and is told so once it is good', async () => {
    const bench = new DpopBench({ nonces: noncesFor() })
    expect(await bench[when](stranger)).toBe('proof_signature_invalid')
    expect(await bench[when]()).toBe('nonce_missing')
    expect(await bench[when]({ claims: { nonce: 'x' } })).toBe('nonce_unknown')
    expect(bench.remembered).toBe(0)
    expect(await bench[when]({ claims: { nonce: noncesFor().issue(NOW * 1_000) } })).toBe('proved')
  })

  test('is remembered for as long as it counts, with room for waits and clocks', async () => {
    const bench = new DpopBench()
    expect(await bench[when]()).toBe('proved')
    await bench.clock.advance(60_000 + 2 * WAIT + 1_000)
    expect(bench.remembered).toBe(1)
    await bench.clock.advance(5_000)
    expect(bench.remembered).toBe(0)
  })

  test('is remembered by its age, and not by its nonce, where its age counts', async () => {
    const nonces = noncesFor()
    const bench = new DpopBench({ nonces })
    const nonce = nonces.issue(bench.clock.wall() - NONCE_LIFETIME / 2)
    expect(await bench[when]({ claims: { nonce } })).toBe('proved')
    await bench.clock.advance(60_000 + 2 * WAIT)
    expect(bench.remembered).toBe(1)
  })

  test('may have a nonce that nobody asked for', async () => {
    expect(await new DpopBench()[when]({ claims: { nonce: 'x' } })).toBe('proved')
  })

  test('has a header that is known from the third one on', async () => {
    const bench = new DpopBench()
    const keys = [bench.read().header.key]
    for (const jti of ['jti-1', 'jti-2']) {
      expect(await bench[when]({ claims: { jti } })).toBe('proved')
      keys.push(bench.read().header.key)
    }
    expect(keys).toEqual([undefined, undefined, expect.any(VerificationKey)])
    expect(await bench[when]({ claims: { jti: 'jti-3' } })).toBe('proved')
  })

  test('makes no header known that somebody else has signed', async () => {
    const bench = new DpopBench()
    for (const jti of ['jti-1', 'jti-2']) await bench[when]({ ...stranger, claims: { jti } })
    expect(bench.read().header.key).toBeUndefined()
  })

  test('is remembered for as long as its nonce counts, where that stands in for its age', async () => {
    const nonces = noncesFor(true)
    const bench = new DpopBench({ nonces, rules: { ...RULES, nonceReplacesAge: true } })
    const claims = { iat: NOW - 9_000, nonce: nonces.issue(NOW * 1_000) }
    expect(await bench[when]({ claims })).toBe('proved')
    await bench.clock.advance(NONCE_LIFETIME + 2 * WAIT)
    expect(bench.remembered).toBe(1)
    await bench.clock.advance(10_000)
    expect(bench.remembered).toBe(0)
  })
})

describe('a nonce', () => {
  const nonceFields = { 'access-control-expose-headers': 'DPoP-Nonce' }
  const nonce = expect.stringMatching(/^[\w-]{46}$/) as string

  test.each([
    [NONCE_LIFETIME / 2, undefined],
    [NONCE_LIFETIME / 2 + 1, { 'dpop-nonce': nonce, ...nonceFields }],
  ])('that is %i ms old counts, and is replaced in the answer once half of its time is over', (age, fields) => {
    const nonces = noncesFor()
    const bench = new DpopBench({ nonces, nonceFields })
    const proof = bench.read({ claims: { nonce: nonces.issue(bench.clock.wall() - age) } })
    expect([bench.dpop.proveNow(proof, jkt), proof.answerFields]).toEqual([true, fields])
  })

  test.each([{}, { nonce: 'x' }])('comes with the refusal that asks for it: %j', (claims) => {
    const bench = new DpopBench({ nonces: noncesFor() })
    const refusal = refusalOf(() => bench.dpop.proveNow(bench.read({ claims }), jkt)) as AuthError
    expect(AuthError.detailsOf(refusal).dpopNonce).toEqual(nonce)
  })
})

test('a proof that is used up while its signature is verified is not proved again', () => {
  const outcomes: string[] = []
  let checks = 0
  const now: Signatures['now'] = (check) => {
    checks += 1
    if (checks === 1) outcomes.push(bench.now())
    return checked(check)
  }
  const bench = new DpopBench({ signatures: { now, later } })
  outcomes.push(bench.now())
  expect(outcomes).toEqual(['proved', 'proof_replayed'])
})

describe('where the arithmetic has to wait', () => {
  const signatures: Signatures = { now: () => undefined, later }

  test('nothing is used up before it is done', async () => {
    const bench = new DpopBench({ signatures })
    expect([bench.now(), bench.remembered]).toEqual(['waits', 0])
    expect(await bench.later()).toBe('proved')
  })

  test('of two that wait for one proof, one has it', async () => {
    const bench = new DpopBench({ signatures })
    expect((await Promise.all([bench.later(), bench.later()])).toSorted()).toEqual(['proof_replayed', 'proved'])
  })

  test('and too many wait, nobody can know', async () => {
    const full: Signatures = { now: () => undefined, later: async () => undefined }
    expect(await new DpopBench({ signatures: full }).later()).toBe('overloaded')
  })
})
