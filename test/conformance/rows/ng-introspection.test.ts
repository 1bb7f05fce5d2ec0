import { scope } from '@holdfast/core'
import { expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const answer = (more: object): { readonly body: object } => ({
  body: { active: true, aud: AUDIENCE, sub: 'mallory', token_type: 'Bearer', exp: 4_000_000_000, ...more },
})

verifies(['NG-91', 'CH-08'], 'takes only true for active', async (face) => {
  const truthy = [
    'true',
    'false',
    '1',
    '0',
    'yes',
    '',
    1,
    -1,
    0,
    [],
    [false],
    [true],
    {},
    { active: true },
    null,
    undefined,
  ]
  const { as, get, handled, reasons } = await api(face)
  for (const active of truthy) {
    as.respond('introspection', answer({ active }))
    const reply = await get('/', as.opaque())
    expect([active, reply.status, reply.lines('www-authenticate')]).toEqual([active, 503, []])
    // Three strange answers in a row are the endpoint's trouble; a verdict between them is not.
    as.recover('introspection')
    expect((await get('/', as.opaque({ expiresIn: '-1m' }))).status).toBe(401)
  }
  for (const body of [
    '{"active":True}',
    '{"Active":true}',
    '{"active":true,"active":false}',
    '{"active":false,"active":true}',
  ]) {
    as.respond('introspection', { body, contentType: 'application/json' })
    expect([body, (await get('/', as.opaque())).status]).toEqual([body, 503])
    as.recover('introspection')
    expect((await get('/', as.opaque({ expiresIn: '-1m' }))).status).toBe(401)
  }
  expect(handled()).toBe(0)
  expect(new Set(reasons())).toEqual(new Set(['introspection_unavailable', 'token_inactive']))
  as.respond('introspection', answer({}))
  expect((await get('/', as.opaque())).status).toBe(200)
})

verifies(['CH-08', 'NG-104'], 'lets a strange answer neither end nor prolong what is known', async (face) => {
  const { as, get } = await api(face)
  const token = as.opaque()
  expect((await get('/', token)).status).toBe(200)
  await as.clock.advance('61s')
  as.respond('introspection', answer({ active: 'false' }))
  const stale = await get('/', token)
  expect([stale.status, JSON.parse(stale.body).stale]).toEqual([200, true])
  await as.clock.advance('299s')
  expect((await get('/', token)).status).toBe(503)
})

verifies('NG-102', 'refuses an answer about another issuer or audience', async (face) => {
  const { as, get, handled, reasons } = await api(face)
  const others = [
    [{ iss: 'https://evil.test' }, 'issuer_wrong'],
    [{ iss: 'https://as.test/' }, 'issuer_wrong'],
    [{ aud: 'https://other.example' }, 'audience_wrong'],
    [{ aud: [] }, 'audience_wrong'],
    [{ aud: ['https://other.example', `${AUDIENCE}/`] }, 'audience_wrong'],
    [{ aud: undefined }, 'audience_missing'],
    [{ aud: null }, 'audience_missing'],
    [{ token_type: 'refresh_token' }, 'token_kind_wrong'],
    [{ token_type: 'N_A' }, 'token_kind_wrong'],
  ] as const
  for (const [more] of others) {
    as.respond('introspection', answer(more))
    expect([more, (await get('/', as.opaque())).status]).toEqual([more, 401])
  }
  expect(reasons()).toEqual(others.map(([, reason]) => reason))
  expect(handled()).toBe(0)
})

verifies('NG-103', 'admits nobody on an answer that contradicts itself', async (face) => {
  const { as, get, handled } = await api(face, { routes: { '/orders': [scope('orders:read')] } })
  const now = as.clock.wall() / 1_000
  const contradictory = [
    [{ exp: now - 1 }, 401],
    [{ exp: now }, 401],
    [{ exp: 1 }, 401],
    [{ exp: -1 }, 401],
    [{ nbf: now + 31 }, 401],
    [{ exp: '4000000000' }, 503],
    [{ exp: true }, 503],
    [{ exp: [4_000_000_000] }, 503],
    [{ exp: 1e300 }, 503],
    [{ nbf: '0' }, 503],
    [{ iat: 'now' }, 503],
    [{ aud: { [AUDIENCE]: true } }, 503],
    [{ aud: [AUDIENCE, 1] }, 503],
    [{ aud: true }, 503],
    [{ scope: 7 }, 503],
    [{ scope: { 'orders:read': true } }, 503],
    [{ scope: ['orders:read', 1] }, 503],
    [{ scope: 'orders:read\u0000' }, 503],
    [{ sub: 7 }, 503],
    [{ sub: ['a'] }, 503],
    [{ client_id: {} }, 503],
    [{ iss: 1 }, 503],
    [{ jti: {} }, 503],
    [{ cnf: 'x' }, 503],
    [{ cnf: [] }, 503],
    [{ cnf: { jkt: 'x' } }, 401],
    [{ cnf: {} }, 401],
  ] as const
  for (const [more, status] of contradictory) {
    as.respond('introspection', answer({ scope: 'orders:read', ...more }))
    expect([more, (await get('/orders', as.opaque())).status]).toEqual([more, status])
    as.recover('introspection')
    expect((await get('/', as.opaque({ expiresIn: '-1m' }))).status).toBe(401)
  }
  // `null` says nothing: no scope is granted by it.
  as.respond('introspection', answer({ scope: null }))
  expect((await get('/orders', as.opaque())).status).toBe(403)
  expect(handled()).toBe(0)
})

const good = JSON.stringify(answer({}).body)

verifies('NG-104', 'takes no other document for an answer, keeps it not, and tells of it once', async (face) => {
  const { as, get, handled, events } = await api(face)
  const documents = [
    { body: '<html>Please log in</html>' },
    { body: good, contentType: 'text/html' },
    { body: good, contentType: 'text/plain' },
    { body: good, contentType: 'application/jwt' },
    { body: '', contentType: 'application/json' },
    { body: 'null', contentType: 'application/json' },
    { body: 'true', contentType: 'application/json' },
    { body: '"active"', contentType: 'application/json' },
    { body: `[${good}]`, contentType: 'application/json' },
    { body: `\uFEFF${good}`, contentType: 'application/json' },
    { body: good.slice(0, -1), contentType: 'application/json' },
    { body: `${good}${good}`, contentType: 'application/json' },
    { body: `${good},`, contentType: 'application/json' },
    { body: Buffer.from(good, 'utf16le'), contentType: 'application/json; charset=utf-16' },
    { body: `{"active":true,"x":"${'x'.repeat(65_536)}"}`, contentType: 'application/json' },
    { body: Buffer.alloc(50_000_000, ' '), contentType: 'application/json' },
    { body: good.replace('{', '{"sub":"\xff",'), contentType: 'application/json' },
    {
      body: Buffer.concat([Buffer.from('{"active":true,"sub":"'), Buffer.from([0xff]), Buffer.from('"}')]),
      contentType: 'application/json',
    },
    { body: `{"active":true,"x":${'['.repeat(17)}${']'.repeat(17)}}`, contentType: 'application/json' },
  ]
  for (const document of documents) {
    const token = as.opaque()
    as.respond('introspection', document)
    const from = events.length
    expect([document.body.slice(0, 40), (await get('/', token)).status]).toEqual([document.body.slice(0, 40), 503])
    const calls = events.slice(from).filter((event) => event.type === 'introspection')
    expect(calls.map((event) => event.result)).toEqual(['trouble'])
    as.recover('introspection')
    await as.clock.advance('10s') // that token is kept apart for so long
    expect((await get('/', token)).status).toBe(200)
  }
  expect(handled()).toBe(documents.length)
})

verifies('NG-105', 'tells the rejection of us from an inactive token, and the reverse', async (face) => {
  for (const [status, body] of [
    [401, { error: 'invalid_client' }],
    [403, { error: 'access_denied' }],
    [400, { error: 'invalid_client' }],
    [400, { error: 'unauthorized_client' }],
    [401, { active: false }],
    [403, { active: true, aud: AUDIENCE }],
    [401, { error: 'invalid_token' }],
  ] as const) {
    const { as, get, handled, reasons, events } = await api(face)
    as.respond('introspection', { status, body })
    const reply = await get('/', as.opaque())
    expect([status, body, reply.status, reply.lines('www-authenticate')]).toEqual([status, body, 503, []])
    expect(reasons()).toEqual(['introspection_misconfigured'])
    expect(events).toContainEqual(expect.objectContaining({ type: 'endpoint', misconfigured: true }))
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'advice', code: 'HOLDFAST_INTROSPECTION_CREDENTIALS' }),
    )
    expect(handled()).toBe(0)
  }
  const { as, get, reasons, events } = await api(face)
  const reply = await get('/', as.opaque({ expiresIn: '-1m' }))
  expect([reply.status, reasons()]).toEqual([401, ['token_inactive']])
  expect(events.some((event) => event.type === 'endpoint')).toBe(false)
})
