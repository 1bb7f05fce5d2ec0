import { createHook } from 'node:async_hooks'
import { createResourceServer, HttpError } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { testAuthorizationServer, testClock, testNetwork } from '../../src/index.ts'

const audience = 'https://api.example.com'

describe('options()', () => {
  it('takes options of the server and of its issuer side by side', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(
      as.options({ resilience: 'strict', requiredClaims: { tenant: 'acme' }, introspection: { audience: 'off' } }),
    )
    const token = as.opaque({ claims: { aud: undefined, tenant: 'acme' } })
    expect(await server.verify(token)).toMatchObject({ outcome: 'valid' })
    expect(await server.verify(as.opaque())).toEqual({ outcome: 'invalid', reason: 'token_kind_wrong' })
  })

  it('leaves introspection out where it is told to', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options({ introspection: false, observe: () => undefined }))
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'invalid' })
    expect(as.calls.introspection).toBe(0)
  })

  it('has core refuse a name it does not know', async () => {
    const as = await testAuthorizationServer({ audience })
    expect(() => createResourceServer(as.options({ resiliense: 'strict' } as object))).toThrow('resilience')
  })

  it('serves an issuer with a path', async () => {
    const as = await testAuthorizationServer({ audience, issuer: 'https://as.test/tenants/7/' })
    const server = createResourceServer(as.options())
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid', auth: { issuer: as.issuer } })
    expect(as.calls.all.map(({ path }) => path)).toEqual([
      '/.well-known/oauth-authorization-server/tenants/7',
      '/tenants/7/jwks',
    ])
  })
})

describe('in memory', () => {
  it('opens no socket and asks no name server', async () => {
    const opened: string[] = []
    const hook = createHook({
      init: (_id, type) => void (/TCP|TLS|PIPE|GETADDRINFO|UDP/.test(type) && opened.push(type)),
    })
    hook.enable()
    try {
      const as = await testAuthorizationServer({ audience })
      const server = createResourceServer(as.options())
      await server.verify(as.jwt())
      await server.verify(as.opaque())
      as.outage()
      await as.clock.advance('1h')
      await server.verify(as.opaque())
      await server.close()
    } finally {
      hook.disable()
    }
    expect(opened).toEqual([])
  })

  it('refreshes keys in virtual time', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options())
    await server.ready()
    as.calls.clear()
    await as.clock.advance('1h')
    expect(as.calls.keys).toBeGreaterThanOrEqual(6) // fresh 10 min, refreshed ahead at about 8
    expect(as.calls.keys).toBeLessThanOrEqual(9)
  })

  it('leaves no timer behind when the resource server is closed', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options())
    await server.verify(as.jwt())
    await server.verify(as.opaque())
    await server.close()
    expect(as.clock.timers).toBe(0)
  })

  it('has no other host than the issuer', async () => {
    const as = await testAuthorizationServer({ audience, metadata: { jwks_uri: 'https://elsewhere.test/keys' } })
    const server = createResourceServer(as.options())
    await server.verify(as.jwt())
    expect(server.status().issuers[0]?.keys?.lastTrouble).toBe('dns')
  })
})

describe('testNetwork', () => {
  it('joins several servers for one resource server', async () => {
    const clock = testClock()
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) =>
        testAuthorizationServer({ audience, clock, issuer: `https://${name}.test`, opaquePrefix: `${name}_` }),
      ),
    )
    const server = createResourceServer({
      audience,
      issuers: [a!.issuerOptions(), b!.issuerOptions()],
      ports: { clock, http: testNetwork(a!, b!) },
    })
    b!.outage()
    expect(await server.verify(a!.opaque())).toMatchObject({ outcome: 'valid', auth: { issuer: a!.issuer } })
    expect(await server.verify(b!.opaque())).toMatchObject({ outcome: 'unavailable' })
    expect(await server.verify(a!.jwt())).toMatchObject({ outcome: 'valid' })
  })

  it('knows no other host', async () => {
    const signal = AbortSignal.timeout(1)
    const request = { method: 'GET', url: 'https://a.test/', headers: {}, lane: 'a', maxBytes: 1, signal } as const
    await expect(testNetwork().send(request)).rejects.toThrow(new HttpError('dns'))
  })
})
