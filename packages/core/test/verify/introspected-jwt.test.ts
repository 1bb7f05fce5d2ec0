import { describe, expect, test } from 'vitest'
import { AuthError } from '../../src/errors.ts'
import { Trouble, type TroubleKind } from '../../src/introspection/introspector.ts'
import type { Claims } from '../../src/verify/claims.ts'
import { IntrospectedJwtVerifier, type JwtMode } from '../../src/verify/introspected-jwt.ts'
import type { IntrospectionVerifier } from '../../src/verify/introspection.ts'
import type { JwtVerifier } from '../../src/verify/jwt.ts'
import type { VerifiedToken } from '../../src/verify/verified-token.ts'
import type { Verdict } from '../../src/verify/verifier.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { reasonOf } from '../support/refusals.ts'
import { presented, verifiedToken } from '../support/tokens.ts'

const CLAIMS = { sub: 'somebody', scope: 'a b', exp: 1_800_000_600 }

interface World {
  readonly mode: JwtMode
  /** What the signature says; a text is a reason of refusal. */
  readonly signed?: 'good' | 'signature_invalid' | 'keys_unavailable'
  /** What the authority answers, or why it does not. */
  readonly authority?: Claims | 'token_inactive' | TroubleKind
  /** Whether the authority's answer is in the cache. */
  readonly cached?: boolean
  readonly complete?: boolean
}

function setUp({ mode, signed = 'good', authority = {}, cached = false, complete = true }: World) {
  const clock = new ManualClock()
  const calls: string[] = []
  const verdict = (claims: Claims, by: 'signature' | 'introspection', source: 'live' | 'cache'): Verdict => ({
    token: verifiedToken(claims, clock, { by, digest: 'digest' }),
    source,
    stale: false,
  })
  const local = (): Verdict => {
    if (signed !== 'good') throw new AuthError(signed)
    return verdict(CLAIMS, 'signature', 'live')
  }
  const answer = (source: 'live' | 'cache'): Verdict => {
    if (authority === 'token_inactive') throw new AuthError(authority)
    if (typeof authority === 'string')
      throw new AuthError('introspection_unavailable', { cause: new Trouble(authority) })
    return verdict(authority, 'introspection', source)
  }
  let entry: VerifiedToken | undefined
  const jwt: Partial<JwtVerifier> = {
    recall: (found: VerifiedToken) => ({ token: found, source: 'cache', stale: false }),
    now: () => local(),
    verify: async () => local(),
    forget: () => void calls.push('forget local'),
  }
  const introspection: Partial<IntrospectionVerifier> = {
    now: () => (cached ? answer('cache') : undefined),
    verify: async () => {
      calls.push('verify')
      return answer('live')
    },
    ask: async () => {
      calls.push('ask')
      return answer('live')
    },
    forget: () => void calls.push('forget authority'),
  }
  const verifier = new IntrospectedJwtVerifier({
    mode,
    local: () => jwt as JwtVerifier,
    authority: () => introspection as IntrospectionVerifier,
    known: () => entry,
    mayFallBack: () => complete,
  })
  return {
    calls,
    verifier,
    know: () => (entry = verifiedToken(CLAIMS, clock, { by: 'signature' })),
    token: presented('t', clock),
  }
}

describe('offline', () => {
  test('the signature is enough and no call is made', async () => {
    const { verifier, token, calls } = setUp({ mode: 'offline' })
    expect([(await verifier.verify(token)).token.by, verifier.now(token)?.token.by, calls]).toEqual([
      'signature',
      'signature',
      [],
    ])
  })

  test('a route that asks for fresh evidence gets it from the authority', async () => {
    const { verifier, token, calls } = setUp({ mode: 'offline' })
    expect([(await verifier.ask(token, 0)).token.by, calls]).toEqual(['introspection', ['ask']])
  })
})

describe.each(['online', 'onlineWhenHealthy'] as const)('%s', (mode) => {
  test('a forged token causes no call', async () => {
    const { verifier, token, calls } = setUp({ mode, signed: 'signature_invalid' })
    expect([await reasonOf(() => verifier.verify(token)), calls]).toEqual(['signature_invalid', []])
  }) // IN-56

  test('a forged token causes no call for fresh evidence either', async () => {
    const { verifier, token, calls } = setUp({ mode, signed: 'signature_invalid' })
    expect([await reasonOf(() => verifier.ask(token, 0)), calls]).toEqual(['signature_invalid', []])
  }) // IN-56

  test('a good signature waits for the authority', () => {
    const { verifier, token } = setUp({ mode })
    expect(verifier.now(token)).toBeUndefined()
  })

  test('an answer at hand is enough', () => {
    const { verifier, token } = setUp({ mode, cached: true })
    expect(verifier.now(token)).toMatchObject({ source: 'cache', token: { by: 'introspection' } })
  })

  test('a known token is held against the answer at hand', () => {
    const { verifier, token, know } = setUp({ mode, cached: true })
    expect(verifier.recall(know(), token)?.token.by).toBe('introspection')
  })

  test('an inactive token is refused', async () => {
    const { verifier, token } = setUp({ mode, authority: 'token_inactive' })
    expect(await reasonOf(() => verifier.verify(token))).toBe('token_inactive')
  })

  test('keys that cannot be had are no reason to trust the authority alone', async () => {
    const { verifier, token, calls } = setUp({ mode, signed: 'keys_unavailable' })
    expect([await reasonOf(() => verifier.verify(token)), calls]).toEqual(['keys_unavailable', []])
  })
})

describe('an authority that does not answer', () => {
  test('online it leaves the token undecided', async () => {
    const { verifier, token } = setUp({ mode: 'online', authority: 'connect' })
    expect(await reasonOf(() => verifier.verify(token))).toBe('introspection_unavailable')
  })

  test('onlineWhenHealthy the signature stands in, and says that it is stale', async () => {
    const { verifier, token } = setUp({ mode: 'onlineWhenHealthy', authority: 'connect' })
    expect(await verifier.verify(token)).toMatchObject({ stale: true, token: { by: 'signature' } })
  })

  test.each(['timeout', 'connect', 'dns', 'tls', 'reset', 'server_error', 'throttled', 'down'] as const)(
    'onlineWhenHealthy the signature stands in for an endpoint that fails with %s',
    async (authority) => {
      const { verifier, token } = setUp({ mode: 'onlineWhenHealthy', authority })
      expect((await verifier.verify(token)).stale).toBe(true)
    },
  )

  test.each([
    'address_denied',
    'misconfigured',
    'unexpected_status',
    'malformed',
    'too_large',
    'protocol',
    'no_endpoint',
    'credentials_failed',
    'overloaded',
    'closed',
  ] as const)('onlineWhenHealthy the signature does not stand in where %s is the trouble', async (authority) => {
    const { verifier, token } = setUp({ mode: 'onlineWhenHealthy', authority })
    expect(await reasonOf(() => verifier.verify(token))).toBe('introspection_unavailable')
  }) // IN-20, IN-43

  test('onlineWhenHealthy nothing stands in once revocations were forgotten', async () => {
    const { verifier, token } = setUp({
      mode: 'onlineWhenHealthy',
      authority: 'connect',
      complete: false,
    })
    expect(await reasonOf(() => verifier.verify(token))).toBe('introspection_unavailable')
  })

  test('the signature never stands in where fresh evidence is asked for', async () => {
    const { verifier, token } = setUp({ mode: 'onlineWhenHealthy', authority: 'connect' })
    expect(await reasonOf(() => verifier.ask(token, 0))).toBe('introspection_unavailable')
  })
})

const together = async (authority: Claims): Promise<VerifiedToken> => {
  const { verifier, token } = setUp({ mode: 'online', authority })
  return (await verifier.verify(token)).token
}

describe('the claims', () => {
  test('they are those of the JWT', async () => {
    expect((await together({ sub: 'somebody else' })).claims).toMatchObject({ sub: 'somebody', scope: 'a b' })
  })

  test('an answer takes scopes away', async () => {
    expect((await together({ scope: 'a' })).scopes).toEqual(['a'])
  })

  test('an answer adds no scope', async () => {
    expect((await together({ scope: 'a admin' })).scopes).toEqual(['a'])
  })

  test('an answer takes lifetime away', async () => {
    expect((await together({ exp: 1_800_000_100 })).expiresAt).toBe(1_800_000_100)
  })

  test('an answer adds no lifetime', async () => {
    expect((await together({ exp: 1_900_000_000 })).expiresAt).toBe(1_800_000_600)
  })

  test('a binding in the answer is not lost', async () => {
    expect((await together({ cnf: { jkt: 'x' } })).claims['cnf']).toEqual({ jkt: 'x' })
  }) // IN-17

  test('they are frozen', async () => {
    expect(Object.isFrozen((await together({ scope: 'a' })).claims)).toBe(true)
  }) // IN-40
})

test('forgetting a token forgets it on both sides', () => {
  const { verifier, calls } = setUp({ mode: 'online' })
  verifier.forget('digest')
  expect(calls).toEqual(['forget local', 'forget authority'])
}) // IN-41
