import { fresh, type HoldfastEvent, type HttpErrorKind } from '@holdfast/core'
import type { TestAuthorizationServer } from '@holdfast/testing'
import { expect } from 'vitest'
import { active, broken, expectInvalid, expectUnavailable, isStale, patiently, watchedApi } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const of = <T extends HoldfastEvent['type']>(events: readonly HoldfastEvent[], type: T) =>
  events.filter((event): event is Extract<HoldfastEvent, { type: T }> => event.type === type)
const advised = (events: readonly HoldfastEvent[]): readonly string[] => of(events, 'advice').map(({ code }) => code)

verifies('IN-20', 'a 401 from the endpoint is about us, not about the token', async (face) => {
  const { as, get, events, handled } = await api(face)
  as.rejectClient()
  expectUnavailable(await get('/', as.opaque()))
  expectUnavailable(await get('/', as.opaque())) // and is not asked again at once
  expect(as.calls.introspection).toBe(1)
  expect(of(events, 'introspection').map(({ trouble }) => trouble)).toEqual(['misconfigured'])
  expect(of(events, 'endpoint').map(({ misconfigured }) => misconfigured)).toEqual([true])
  expect(advised(events)).toEqual(['HOLDFAST_INTROSPECTION_CREDENTIALS'])
  expect(of(events, 'refused').map(({ reason }) => reason)).toEqual([
    'introspection_misconfigured',
    'introspection_misconfigured',
  ])
  await as.recover()
  as.clock.advance('30s') // a source that was just served leaves the next try to others for so long
  expect((await get('/', as.opaque())).status).toBe(200)
  expect(of(events, 'endpoint').at(-1)).toMatchObject({ misconfigured: false })
  expect(handled()).toBe(1)
})

for (const status of [401, 403]) {
  verifies('IN-20', `what is known is served within its grace meanwhile (${status})`, async (face) => {
    const { as, get, events } = await api(face)
    const token = as.opaque()
    await get('/', token)
    as.clock.advance('61s')
    as.respond('introspection', { status, body: { error: 'invalid_client' } })
    expect(isStale(await get('/', token))).toBe(true)
    expect(of(events, 'endpoint')).toMatchObject([{ misconfigured: true }])
    as.clock.advance('300s')
    expectUnavailable(await get('/', token))
  })
}

for (const status of [400, 404, 405, 410, 415, 422]) {
  verifies('IN-21', `a ${status} says nothing of the token, and is one event`, async (face) => {
    const { as, get, events, handled } = await api(face)
    await get('/', as.opaque())
    const token = as.opaque()
    as.respond('introspection', { status, body: { error: 'invalid_request' } })
    for (let use = 0; use < 3; use += 1) expectUnavailable(await get('/', token))
    expect(as.calls.introspection).toBe(2)
    expect(of(events, 'introspection').map(({ trouble }) => trouble)).toEqual([undefined, 'unexpected_status'])
    as.recover('introspection')
    as.clock.advance('10s')
    expect((await get('/', token)).status).toBe(200)
    expect(handled()).toBe(2)
  })
}

verifies('IN-21', 'nobody closes the endpoint for others with a token that it dislikes', async (face) => {
  const { as, get, server } = await watchedApi(face, {
    network: ({ form }) =>
      form.get('token') === 'etc/passwd'
        ? { status: 403, headers: {}, body: Buffer.from('blocked by the firewall') }
        : undefined,
  })
  expect((await get('/', as.opaque())).status).toBe(200)
  for (let round = 0; round < 5; round += 1) {
    expectUnavailable(await get('/', 'etc/passwd'))
    expect((await get('/', as.opaque())).status).toBe(200)
  }
  expect(server.status().issuers[0]!.introspection).toMatchObject({ state: 'healthy', misconfigured: false })
})

verifies('IN-21', '400 with an error about clients is about us', async (face) => {
  for (const error of ['invalid_client', 'unauthorized_client']) {
    const { as, get, events } = await api(face)
    as.respond('introspection', { status: 400, body: { error } })
    expectUnavailable(await get('/', as.opaque()))
    expect(of(events, 'introspection').map(({ trouble }) => trouble)).toEqual(['misconfigured'])
  }
})

verifies('IN-23', 'an answer has at most 64 KiB', async (face) => {
  const { as, get, events } = await api(face)
  const sized = (size: number): string => {
    const text = JSON.stringify(active(as, { filler: '' }))
    return text.replace('"filler":""', `"filler":"${'x'.repeat(size - text.length)}"`)
  }
  const answer = (body: string) => as.respond('introspection', { body, contentType: 'application/json' })
  answer(sized(65_536))
  expect((await get('/', as.opaque())).status).toBe(200)
  answer(sized(65_537))
  expectUnavailable(await get('/', as.opaque()))
  expect(of(events, 'introspection').map(({ trouble }) => trouble)).toEqual([undefined, 'too_large'])
})

for (const weather of ['drip', 'hang'] as const) {
  verifies('IN-23', `a call ends after 2 s, whatever comes (${weather})`, async (face) => {
    const { as, get, events, handled } = await api(face)
    as[weather]('introspection')
    const began = as.clock.monotonic()
    expectUnavailable(await patiently(as, () => get('/', as.opaque())))
    expect(as.clock.monotonic() - began).toBe(1_000) // no request waits longer
    await as.clock.advance('999ms')
    expect(of(events, 'introspection')).toEqual([])
    await as.clock.advance('1ms')
    expect(of(events, 'introspection')).toMatchObject([{ trouble: 'timeout', duration: 2_000 }])
    expect(handled()).toBe(0)
  })
}

verifies('IN-42', 'what is known is served for its grace, and says that it is stale', async (face) => {
  const { as, get, events } = await api(face, {
    handle: ({ auth }) => ({ status: 200, text: JSON.stringify(auth().evidence) }),
  })
  const token = as.opaque()
  const checkedAt = as.clock.wall() / 1_000
  const evidence = async (): Promise<unknown> => JSON.parse((await get('/', token)).body)
  expect(await evidence()).toEqual({ by: 'introspection', source: 'live', checkedAt, stale: false })
  as.outage('introspection')
  as.clock.advance('59999ms')
  expect(await evidence()).toEqual({ by: 'introspection', source: 'cache', checkedAt, stale: false })
  expect(of(events, 'stale')).toEqual([])
  const stale = { by: 'introspection', source: 'cache', checkedAt, stale: true }
  as.clock.advance('1ms')
  expect(await evidence()).toEqual(stale)
  as.clock.advance('299999ms')
  expect(await evidence()).toEqual(stale) // being served has not made it younger
  as.clock.advance('1ms')
  expectUnavailable(await get('/', token))
  expect(of(events, 'stale').map(({ age }) => age)).toEqual([60_000, 359_999])
})

const SILENCES: readonly (readonly [string, (as: TestAuthorizationServer) => void])[] = [
  ['an outage', (as) => as.outage('introspection')],
  ['a reset', (as) => as.reset('introspection')],
  ['silence', (as) => as.hang('introspection')],
  ['a drip', (as) => as.drip('introspection')],
  ...[429, 500, 502, 503, 504, 401, 403].map(
    (status) => [`${status}`, (as: TestAuthorizationServer) => as.respond('introspection', { status })] as const,
  ),
  ['a page', (as) => as.respond('introspection', { body: '<html>' })],
  ['null', (as) => as.respond('introspection', { body: 'null', contentType: 'application/json' })],
]

for (const [name, begin] of SILENCES) {
  verifies('IN-43', `${name} is no verdict`, async (face) => {
    const { as, get } = await api(face)
    const [known, gone] = [as.opaque(), as.opaque()]
    for (const token of [known, gone]) await get('/', token)
    as.clock.advance('61s')
    as.revoke(gone)
    expectInvalid(await get('/', gone)) // the server's last word, before the weather
    begin(as)
    expect(isStale(await patiently(as, () => get('/', known)))).toBe(true)
    expectInvalid(await get('/', gone))
    as.clock.advance('11s')
    expectInvalid(await patiently(as, () => get('/', gone)))
  })
}

for (const kind of ['dns', 'connect', 'tls', 'protocol', 'too_large', 'address_denied'] satisfies HttpErrorKind[]) {
  verifies('IN-43', `trouble of the network is no verdict (${kind})`, async (face) => {
    let failing = false
    const { as, get } = await watchedApi(face, {
      network: ({ method }) => (failing && method === 'POST' ? broken(kind) : undefined),
    })
    const token = as.opaque()
    await get('/', token)
    as.clock.advance('61s')
    failing = true
    expect(isStale(await get('/', token))).toBe(true)
    expectUnavailable(await get('/', as.opaque()))
  })
}

verifies('IN-44', 'a route can refuse what is stale', async (face) => {
  const { as, get, reasons } = await api(face, { routes: { '/payments': [fresh('60s')], '/orders': [] } })
  const token = as.opaque()
  expect((await get('/payments', token)).status).toBe(200)
  as.clock.advance('61s')
  as.outage('introspection')
  expect(isStale(await get('/orders', token))).toBe(true)
  const reply = await patiently(as, () => get('/payments', token))
  expectUnavailable(reply)
  expect(reasons()).toEqual(['evidence_too_old'])
  expect(isStale(await get('/orders', token))).toBe(true)
})

verifies('IN-45', 'where nothing is known nobody can tell', async (face) => {
  const { as, get, reasons, handled } = await api(face)
  as.outage('introspection')
  const tokens = [as.opaque(), 'unknown-to-all', as.opaque({ expiresIn: '-1m' })]
  for (const token of tokens) {
    const reply = await get('/', token)
    expectUnavailable(reply)
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(Number(reply.headers['retry-after'])).toBeLessThanOrEqual(5)
  }
  expect([reasons(), handled()]).toEqual([tokens.map(() => 'introspection_unavailable'), 0])
})

verifies('IN-46', 'what was called inactive stays refused', async (face) => {
  const { as, get, reasons } = await api(face)
  expectInvalid(await get('/', 'nobody-knows-it'))
  as.outage('introspection')
  for (const wait of ['5s', '20s', '10m'] as const) {
    as.clock.advance(wait)
    expectInvalid(await patiently(as, () => get('/', 'nobody-knows-it')))
  }
  expect(new Set(reasons())).toEqual(new Set(['token_inactive']))
})

verifies('IN-47', 'what was revoked is refused in an outage, too', async (face) => {
  const { as, get, server } = await api(face)
  const tokens = [
    as.opaque(),
    as.opaque({ sub: 'leaver' }),
    as.opaque({ claims: { sid: 'session-1' } }),
    as.opaque({ clientId: 'stolen-client' }),
    as.opaque({ claims: { jti: 'the-one' } }),
  ]
  for (const token of tokens) expect((await get('/', token)).status).toBe(200)
  const { issuer } = as
  await server.revoke({ token: tokens[0]! })
  await server.revoke({ issuer, sub: 'leaver' })
  await server.revoke({ issuer, sid: 'session-1' })
  await server.revoke({ issuer, clientId: 'stolen-client' })
  await server.revoke({ issuer, jti: 'the-one' })
  as.outage('introspection')
  for (const wait of ['0s', '61s'] as const) {
    as.clock.advance(wait)
    for (const token of tokens) expectInvalid(await patiently(as, () => get('/', token)))
  }
})
