import { describe, expect, test } from 'vitest'
import { AuthError, type Reason } from '../../src/errors.ts'
import { Checks } from '../../src/explain/checks.ts'
import { Trouble } from '../../src/introspection/introspector.ts'
import type { Claims } from '../../src/verify/claims.ts'
import { IntrospectedJwtVerifier, type JwtMode } from '../../src/verify/introspected-jwt.ts'
import type { IntrospectionVerifier } from '../../src/verify/introspection.ts'
import type { JwtVerifier } from '../../src/verify/jwt.ts'
import type { VerifiedToken } from '../../src/verify/verified-token.ts'
import type { Verdict, Verifier } from '../../src/verify/verifier.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { reasonOf } from '../support/refusals.ts'
import { presented, verifiedToken } from '../support/tokens.ts'

const CLAIMS = { sub: 'somebody', scope: 'a b', exp: 1_800_000_600 }

/** Two parts that say what they are told to, and in which order they were asked. */
function setUp(mode: JwtMode, answer: Claims = {}) {
  const clock = new ManualClock()
  const calls: string[] = []
  const owners: Verifier[] = []
  const script = {
    /** What the local part makes of the signature, from one time to the next. */
    signed: [] as (Reason | undefined)[],
    recalls: true,
    known: undefined as VerifiedToken | undefined,
    trouble: undefined as Error | undefined,
    atHand: true,
    local: verifiedToken(CLAIMS, clock, { by: 'signature' }) as VerifiedToken | undefined,
    answered: verifiedToken(answer, clock) as VerifiedToken | undefined,
  }
  const good = (by: VerifiedToken['by'], source: Verdict['source'], claims: Claims = CLAIMS): Verdict => ({
    token: verifiedToken(claims, clock, { by }),
    source,
    stale: false,
  })
  const local = (name: string): Verdict => {
    calls.push(`local ${name}`)
    const reason = script.signed.shift()
    if (reason) throw new AuthError(reason)
    return good('signature', 'live')
  }
  const authority = (name: string): Verdict => {
    calls.push(`authority ${name}`)
    if (script.trouble) throw script.trouble
    return good('introspection', 'live', answer)
  }
  const jwt: Partial<JwtVerifier> = {
    recall: (entry: VerifiedToken) => {
      calls.push('local recall')
      return script.recalls ? { token: entry, source: 'cache', stale: false } : undefined
    },
    now: () => local('now'),
    verify: async () => local('verify'),
    explain: async () => script.local,
  }
  const introspection: Partial<IntrospectionVerifier> = {
    now: () => (script.atHand ? authority('now') : undefined),
    verify: async () => authority('verify'),
    ask: async () => authority('ask'),
    explain: async () => {
      calls.push('authority explain')
      return script.answered
    },
  }
  const verifier = new IntrospectedJwtVerifier({
    mode,
    local: (owner) => (owners.push(owner), jwt as JwtVerifier),
    authority: (owner) => (owners.push(owner), introspection as IntrospectionVerifier),
    known: () => script.known,
    mayFallBack: () => true,
  })
  return {
    verifier,
    calls,
    owners,
    script,
    token: presented('t', clock),
    entry: (claims: Claims = CLAIMS) => verifiedToken(claims, clock),
  }
}

test('both parts are told who speaks for them', () => {
  const { verifier, owners } = setUp('online')
  expect(owners).toEqual([verifier, verifier])
})

describe('an entry that is known', () => {
  test('offline it is worth what its signature is', () => {
    const { verifier, token, script, entry, calls } = setUp('offline')
    script.known = entry()
    expect([verifier.recall(script.known, token)?.source, verifier.now(token)?.source]).toEqual(['cache', 'cache'])
    expect(calls).toEqual(['local recall', 'local recall'])
  })

  test('one that the local part keeps no longer is not recalled, and the authority not asked for', () => {
    for (const mode of ['offline', 'online'] as const) {
      const { verifier, token, entry, calls } = setUp(mode)
      expect([verifier.recall(entry(), token), calls]).toEqual([undefined, []])
    }
  })

  test('one that is no longer believed is looked at anew', async () => {
    const { verifier, token, script, entry, calls } = setUp('offline')
    script.known = entry()
    script.recalls = false
    expect([verifier.now(token)?.source, (await verifier.verify(token)).source]).toEqual(['live', 'live'])
    expect(calls).toEqual(['local recall', 'local now', 'local recall', 'local verify'])
    expect(verifier.recall(script.known, token)).toBeUndefined()
  })

  test('online its signature is not checked again', async () => {
    const { verifier, token, script, entry, calls } = setUp('online')
    script.known = entry()
    await verifier.verify(token)
    expect(calls).toEqual(['local recall', 'authority verify', 'local recall'])
  })
})

describe('while the authority is asked', () => {
  test.each(['token_expired', 'signature_invalid', 'keys_unavailable'] as const)(
    'a token may become %s, and is refused for that',
    async (reason) => {
      for (const how of ['verify', 'ask'] as const) {
        const { verifier, token, script } = setUp('online')
        script.signed = [undefined, reason]
        expect(await reasonOf(() => verifier[how](token, 0))).toBe(reason)
      }
    },
  ) // BT-28, JK-35

  test('the signature is looked at before and after', async () => {
    const { verifier, token, calls } = setUp('online')
    await verifier.ask(token, 0)
    expect(calls).toEqual(['local verify', 'authority ask', 'local verify'])
  }) // IN-56

  test('where the signature stands in, what is said comes from the second look, and says that it is stale', async () => {
    const { verifier, token, script, calls } = setUp('onlineWhenHealthy')
    script.trouble = new AuthError('introspection_unavailable', { cause: new Trouble('connect') })
    const verdict = await verifier.verify(token)
    expect(verdict).toMatchObject({ stale: true, source: 'live', token: { by: 'signature' } })
    expect(calls).toEqual(['local verify', 'authority verify', 'local verify'])
  }) // IN-43

  test.each([
    [new AuthError('token_inactive'), 'token_inactive'],
    [new AuthError('introspection_unavailable'), 'introspection_unavailable'],
    [new AuthError('introspection_unavailable', { cause: new Error('connect') }), 'introspection_unavailable'],
  ])('nothing stands in where it is not the endpoint that fails (%#)', async (trouble, reason) => {
    const { verifier, token, script } = setUp('onlineWhenHealthy')
    script.trouble = trouble
    expect(await reasonOf(() => verifier.verify(token))).toBe(reason)
  }) // IN-43

  test('a mistake of ours is not taken for a failing endpoint', async () => {
    const { verifier, token, script } = setUp('onlineWhenHealthy')
    script.trouble = new Error('x', { cause: new Trouble('connect') })
    await expect(verifier.verify(token)).rejects.toBe(script.trouble)
  }) // XC-01
})

describe('what both say', () => {
  test.each<[Claims, Claims]>([
    [{}, CLAIMS],
    [{ exp: 1_800_000_100 }, { ...CLAIMS, exp: 1_800_000_100 }],
    [{ cnf: { jkt: 'x' } }, { ...CLAIMS, cnf: { jkt: 'x' } }],
    [{ scope: 'b c' }, { ...CLAIMS, scope: 'b' }],
    [{ scope: 'c' }, { ...CLAIMS, scope: '' }],
    [{ scope: 'b  a' }, { ...CLAIMS, scope: 'b a' }],
    [{ scope: 7 }, { ...CLAIMS, scope: '' }],
    [{ sub: 'other', admin: true }, CLAIMS],
    [{ act: { sub: 'svc' } }, { ...CLAIMS, act: { sub: 'svc' } }],
    [{ authorization_details: [{ type: 'a' }] }, CLAIMS],
  ])('an answer %j makes of the claims %j', async (answer, claims) => {
    const { verifier, token } = setUp('online', answer)
    expect((await verifier.verify(token)).token.claims).toEqual(claims)
  }) // IN-17, IN-40
})

test.each<[readonly object[], readonly object[]]>([
  [[{ type: 'b' }], [{ type: 'b' }]],
  [[{ x: [{ d: 1, c: 2 }], type: 'a' }], [{ type: 'a', x: [{ c: 2, d: 1 }] }]],
  [[{ type: 'a', x: [] }, { type: 'b', more: 1 }, { type: 'c' }], []],
  [[], []],
])('of the details that a JWT grants an answer with %j leaves %j', async (answered, left) => {
  const { verifier, token, script, entry } = setUp('online', { authorization_details: answered as never })
  const granted = [{ type: 'a', x: [{ c: 2, d: 1 }] }, { type: 'b' }]
  script.known = entry({ ...CLAIMS, authorization_details: granted })
  for (let round = 0; round < 2; round += 1) {
    const { claims } = (await verifier.verify(token)).token
    expect(claims['authorization_details']).toEqual(left)
    expect(Object.isFrozen(claims['authorization_details'])).toBe(true)
  }
}) // RA-02

test('an actor of the JWT stays where the answer says nothing of one', async () => {
  const { verifier, token, script, entry } = setUp('online', { scope: 'a' })
  script.known = entry({ ...CLAIMS, act: { sub: 'svc' }, authorization_details: [{ type: 'a' }] })
  const { claims } = (await verifier.verify(token)).token
  expect([claims['act'], claims['authorization_details']]).toEqual([{ sub: 'svc' }, [{ type: 'a' }]])
}) // DE-05

test('a binding of the JWT stays where the answer says nothing of one', async () => {
  const { verifier, token, script, entry } = setUp('online', { scope: 'a' })
  script.known = entry({ ...CLAIMS, cnf: { jkt: 'x' } })
  expect((await verifier.verify(token)).token.claims['cnf']).toEqual({ jkt: 'x' })
}) // IN-17

test.each<[Claims, Claims, Claims]>([
  [{ cnf: { jkt: 'x' } }, { cnf: { jkt: 'x' } }, { cnf: { jkt: 'x' } }],
  [{ cnf: { jkt: 'x' } }, { cnf: { 'x5t#S256': 'y' } }, { cnf: { jkt: 'x', 'x5t#S256': 'y' } }],
  [{ cnf: { jkt: 'x' } }, { cnf: { jkt: 'y' } }, { cnf: {} }],
  [{ cnf: { jkt: 'x', 'x5t#S256': 'y' } }, { cnf: { jkt: 'x', 'x5t#S256': 'z' } }, { cnf: {} }],
  [{ cnf: { jkt: 'x' } }, { cnf: 'x' }, { cnf: { jkt: 'x' } }],
  [{ cnf: { jkt: 'x' } }, { token_type: 'dPoP' }, { cnf: { jkt: 'x' }, token_type: 'dPoP' }],
  [{ cnf: { jkt: 'x' } }, { token_type: 'Bearer', cnf: { jkt: 'x' } }, { cnf: { jkt: 'x' } }],
  [{ cnf: { jkt: 'x' } }, { token_type: 'DPoP', cnf: { jkt: 'x' } }, { cnf: { jkt: 'x' }, token_type: 'DPoP' }],
  [{}, { token_type: 'DPoP', cnf: { jkt: 'x' } }, { cnf: { jkt: 'x' }, token_type: 'DPoP' }],
  [{}, { token_type: 7 }, {}],
])('of a JWT with %j and an answer with %j the binding is %j', async (own, answered, bound) => {
  const { verifier, token, script, entry } = setUp('online', answered)
  script.known = entry({ ...CLAIMS, ...own })
  const { claims } = (await verifier.verify(token)).token
  expect({ cnf: claims['cnf'], token_type: claims['token_type'] }).toEqual({
    cnf: undefined,
    token_type: undefined,
    ...bound,
  })
}) // IN-17

describe('explained', () => {
  test('offline the authority is not looked at', async () => {
    const { verifier, token, script, calls } = setUp('offline')
    expect(await verifier.explain(token, new Checks())).toBe(script.local)
    expect(calls).toEqual([])
  })

  test('online it is what both say', async () => {
    const { verifier, token } = setUp('online', { scope: 'b', cnf: { jkt: 'x' } })
    const found = await verifier.explain(token, new Checks())
    expect([found?.claims, found?.scopes, found?.by]).toEqual([
      { ...CLAIMS, scope: 'b', cnf: { jkt: 'x' } },
      ['b'],
      'introspection',
    ])
  })

  test('without an answer at hand it is what the JWT says, and without that nothing', async () => {
    const { verifier, token, script, calls } = setUp('onlineWhenHealthy')
    script.answered = undefined
    expect(await verifier.explain(token, new Checks())).toBe(script.local)
    script.answered = script.local
    script.local = undefined
    expect(await verifier.explain(token, new Checks())).toBeUndefined()
    expect(calls).toEqual(['authority explain', 'authority explain'])
  })
})
