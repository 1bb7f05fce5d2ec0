import { createResourceServer, type ResourceServer } from '@holdfast/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { type CannedAnswer, type TestAuthorizationServer, testAuthorizationServer } from '../../src/index.ts'

const audience = 'https://api.example.com'
let as: TestAuthorizationServer
let server: ResourceServer
let troubles: unknown[]
beforeEach(async () => {
  as = await testAuthorizationServer({ audience })
  troubles = []
  server = createResourceServer(
    as.options({
      observe: (event) => void ('trouble' in event && event.trouble !== undefined && troubles.push(event.trouble)),
    }),
  )
})

describe('weather', () => {
  it('refuses connections in an outage, and recovers', async () => {
    await server.ready()
    as.outage()
    const token = as.opaque()
    expect(await server.verify(token)).toMatchObject({ outcome: 'unavailable' })
    expect(troubles).toEqual(['connect'])
    as.recover()
    expect(await server.verify(token)).toMatchObject({ outcome: 'valid' })
  })

  it('strikes one endpoint and leaves the others alone', async () => {
    as.outage('introspection')
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid' })
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'unavailable' })
  })

  it('recovers one endpoint alone', async () => {
    as.outage()
    as.recover('metadata')
    as.recover('keys')
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid' })
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'unavailable' })
  })

  it('answers slowly, in virtual time', async () => {
    await server.ready()
    as.slow('400ms', 'introspection')
    const verified = server.verify(as.opaque()).then(({ outcome }) => [outcome, as.clock.monotonic()])
    await as.clock.advance('1s')
    expect(await verified).toEqual(['valid', 400])
  })

  it('takes a slow answer in milliseconds, too', async () => {
    await server.ready()
    as.slow(5_000, 'introspection')
    const verified = server.verify(as.opaque())
    await as.clock.advance('3s')
    expect(await verified).toMatchObject({ outcome: 'unavailable' })
    expect(troubles).toEqual(['timeout'])
  })

  it.each(['hang', 'drip'] as const)('%ss until the request is ended', async (fault) => {
    await server.ready()
    as[fault]('introspection')
    const verified = server.verify(as.opaque())
    await as.clock.advance('3s')
    expect(await verified).toMatchObject({ outcome: 'unavailable' })
    expect(troubles).toEqual(['timeout'])
  })

  it('drips a whole answer to those who wait', async () => {
    await server.ready()
    as.drip('introspection', '1ms')
    const verified = server.verify(as.opaque())
    await as.clock.advance('1s')
    expect(await verified).toMatchObject({ outcome: 'valid' })
  })

  it('resets connections', async () => {
    await server.ready()
    as.reset('introspection')
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'unavailable' })
    expect(troubles).toEqual(['reset'])
  })

  const answers: readonly (readonly [string, CannedAnswer, string])[] = [
    ['HTML with 200', { body: '<h1>Welcome to nginx</h1>' }, 'malformed'],
    ['an empty object with 200', { body: {} }, 'malformed'],
    ['half an object', { body: '{"active":tr', contentType: 'application/json' }, 'malformed'],
    ['an empty 500', { status: 500 }, 'server_error'],
    ['401', { status: 401, body: { error: 'invalid_client' } }, 'misconfigured'],
    ['429 with Retry-After', { status: 429, headers: { 'Retry-After': '7' } }, 'throttled'],
    ['more than is read', { body: Buffer.alloc(100_000, 'x') }, 'too_large'],
  ]
  it.each(answers)('answers %s', async (_, answer, trouble) => {
    await server.ready()
    as.respond('introspection', answer)
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'unavailable' })
    expect(troubles).toEqual([trouble])
  })

  it('hands on what Retry-After says', async () => {
    await server.ready()
    as.respond('introspection', { status: 503, headers: { 'retry-after': '7' } })
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'unavailable', retryAfter: 7 })
  })

  it('answers so a number of times only', async () => {
    await server.ready()
    as.respond('introspection', { status: 500, times: 1 })
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'unavailable' })
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'valid' })
  })

  it('can publish other metadata', async () => {
    as.respond('metadata', { body: { ...as.metadata, issuer: 'https://evil.test' } })
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'unavailable' })
    expect(troubles).toContain('issuer_mismatch')
  })
})
