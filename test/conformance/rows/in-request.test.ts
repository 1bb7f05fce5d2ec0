import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { clientSecretBasic, ConfigError, unauthenticated } from '@holdfast/core'
import { testAuthorizationServer } from '@holdfast/testing'
import { expect, onTestFinished } from 'vitest'
import { expectInvalid, expectUnavailable, watchedApi } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const ISSUER = 'https://as.test'

verifies('IN-01', 'the token stands in the form once, and decodes to itself', async (face) => {
  const { as, get, asked } = await watchedApi(face)
  const tokens = ['a+b/c=', 'A-._~+/09==', 'plain']
  for (const token of tokens) {
    as.opaque({ token })
    expect((await get('/', token)).status).toBe(200)
  }
  for (const [index, token] of tokens.entries()) {
    const { method, headers, body, form } = asked()[index]!
    expect([method, headers['content-type']]).toEqual(['POST', 'application/x-www-form-urlencoded'])
    expect(form.getAll('token')).toEqual([token])
    expect(body).toContain(`token=${encodeURIComponent(token)}`.replaceAll('~', '%7E'))
  }
})

verifies('IN-02', 'the hint is sent, and can be left out', async (face) => {
  const usual = await watchedApi(face)
  await usual.get('/', usual.as.opaque())
  expect([...usual.asked()[0]!.form.keys()]).toEqual(['token', 'token_type_hint'])
  expect(usual.asked()[0]!.form.get('token_type_hint')).toBe('access_token')
  const without = await watchedApi(face, { options: { introspection: { tokenTypeHint: false } } })
  await without.get('/', without.as.opaque())
  expect([...without.asked()[0]!.form.keys()]).toEqual(['token'])
})

verifies('IN-03', 'the token is in no URL and no field of any request', async (face) => {
  const { as, get, sent, asked } = await watchedApi(face)
  const token = as.opaque({ token: 'needle-in-a-haystack' })
  await get('/', token)
  expect(asked()).toHaveLength(1)
  expect(sent.length).toBeGreaterThan(1)
  for (const { url, headers } of sent) expect(JSON.stringify([url, headers])).not.toContain('needle')
})

verifies('IN-05', 'how we authenticate has to be said', (face) => {
  const build = (introspection: object) => () =>
    face.protect({ issuers: [{ issuer: ISSUER, introspection }], audience: AUDIENCE } as never)
  expect(build({})).toThrow(ConfigError)
  expect(build({})).toThrow(/^option "issuers\[0\]\.introspection\.client" is missing; write .*unauthenticated\(\)/)
  // What merely looks like one could leave anything out, or send it anywhere.
  expect(build({ client: { ...unauthenticated() } })).toThrow(/introspection\.client" is an object; write/)
  expect(build({ client: 'orders-api:hunter2' })).toThrow(/introspection\.client" is a text; write/)
  expect(build({ client: 'orders-api:hunter2' })).not.toThrow(/hunter2/)
  expect(build({ client: unauthenticated() })).not.toThrow()
})

verifies('IN-06', 'parameters are sent along, replace nothing, and share no answers', async (face) => {
  const as = await testAuthorizationServer({ audience: AUDIENCE })
  const open = (parameters: Record<string, string>) =>
    watchedApi(face, { as, options: { introspection: { parameters } } })
  const token = as.opaque()
  const one = await open({ resource: 'https://a.example/?x=1&y' })
  const other = await open({ resource: 'https://b.example', token: 'another', token_type_hint: 'refresh_token' })
  for (const { get } of [one, other, one, other]) expect((await get('/', token)).status).toBe(200)
  expect([one.asked().length, other.asked().length]).toEqual([1, 1])
  expect(one.asked()[0]!.form.getAll('resource')).toEqual(['https://a.example/?x=1&y'])
  const { form } = other.asked()[0]!
  expect([form.getAll('token'), form.getAll('token_type_hint')]).toEqual([[token], ['access_token']])
})

verifies('IN-06', 'parameters are texts, and no function of the request', (face) => {
  const build = (parameters: unknown) => () =>
    face.protect({
      issuers: [{ issuer: ISSUER, introspection: { client: unauthenticated(), parameters } }],
      audience: AUDIENCE,
    } as never)
  for (const wrong of [() => ({}), { resource: () => 'x' }, { resource: 7 }, ['resource'], 'resource=x'])
    expect(build(wrong)).toThrow(/^option "issuers\[0\]\.introspection\.parameters" is .*; write an object of texts/)
  expect(build({ resource: 'x' })).not.toThrow()
})

for (const status of [301, 302, 303, 307, 308]) {
  verifies('IN-22', `a ${status} is followed by nobody`, async (face) => {
    const { as, get, sent, asked, handled } = await watchedApi(face)
    await get('/', as.opaque())
    const before = sent.length
    as.respond('introspection', { status, headers: { location: `${ISSUER}/elsewhere` }, body: { active: true } })
    expectUnavailable(await get('/', as.opaque()))
    expect([sent.length - before, asked().at(-1)!.url]).toEqual([1, `${ISSUER}/introspect`])
    expect(handled()).toBe(1)
  })
}

verifies('IN-22', 'on real sockets, too, the second host sees nothing', async (face) => {
  let seen = 0
  const thief = createServer((_, response) => {
    seen += 1
    response.setHeader('content-type', 'application/json').end('{"active":true}')
  })
  await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void thief.close())
  const { port } = thief.address() as AddressInfo
  const resilience = { wait: '10s', introspectionDeadline: '10s', connectTimeout: '10s' } as const
  const { as, get } = await api(face, { as: { listen: true }, options: { resilience } })
  expect((await get('/', as.opaque())).status).toBe(200)
  as.respond('introspection', { status: 307, headers: { location: `http://127.0.0.1:${port}/introspect` } })
  expectUnavailable(await get('/', as.opaque()))
  expect(seen).toBe(0)
})

verifies('IN-55', 'what cannot be a token here causes no call', async (face) => {
  const as = { opaquePrefix: 'at_' }
  const { as: server, get, reasons } = await api(face, { as })
  const refused: readonly (readonly [string, string])[] = [
    ['a'.repeat(8_193), 'token_too_long'],
    ['at_%20', 'token_malformed'],
    ['at_=x', 'token_malformed'],
    ['AT_other-case', 'issuer_unknown'],
    ['opaque-of-nobody', 'issuer_unknown'],
  ]
  for (const [token, reason] of refused) {
    expectInvalid(await get('/', token))
    expect(reasons().at(-1)).toBe(reason)
  }
  expect(server.calls.introspection).toBe(0)
  expect((await get('/', server.opaque())).status).toBe(200)
  expect(server.calls.introspection).toBe(1)
})

verifies('IN-55', 'the length is counted before anything else, and can be set', async (face) => {
  const { as, get } = await api(face, { options: { maxTokenLength: 256 } })
  const fits = as.opaque({ token: 'a'.repeat(256) })
  as.opaque({ token: `${fits}a` })
  expectInvalid(await get('/', `${fits}a`))
  expect(as.calls.introspection).toBe(0)
  expect((await get('/', fits)).status).toBe(200)
})

verifies('IN-55', 'JWTs are verified locally, or introspected where that is configured', async (face) => {
  const local = await api(face)
  expect((await local.get('/', local.as.jwt())).status).toBe(200)
  expect(local.as.calls.introspection).toBe(0)
  const asking = await api(face, { options: { jwt: false } })
  const { as, get } = asking
  expect((await get('/', as.jwt())).status).toBe(200)
  expect(as.calls.counts).toMatchObject({ introspection: 1, keys: 0 })
  // Another issuer's, or a torn one, is told by its look.
  expectInvalid(await get('/', as.jwt({ claims: { iss: 'https://evil.example' } })))
  expectInvalid(await get('/', `${as.jwt().split('.')[0]}.e30x.x`))
  expect(as.calls.introspection).toBe(1)
})

verifies('IN-56', 'a JWT that fails by itself is not asked about', async (face) => {
  const { as, get, reasons } = await api(face, { options: { jwt: { mode: 'online' } } })
  const [header, , signature] = as.jwt().split('.')
  const forged = [header, as.jwt({ sub: 'admin' }).split('.')[1], signature].join('.')
  const bad = [
    [forged, 'signature_invalid'],
    [as.jwt({ expiresIn: '-1m' }), 'token_expired'],
    [as.jwt({ audience: 'https://other.example' }), 'audience_wrong'],
    [as.jwt({ header: { typ: 'JWT' } }), 'type_wrong'],
  ] as const
  for (const [token, reason] of bad) {
    expectInvalid(await get('/', token))
    expect(reasons().at(-1)).toBe(reason)
  }
  expect(as.calls.introspection).toBe(0)
})

verifies('IN-56', 'a JWT that is good by itself can still be revoked', async (face) => {
  const { as, get, reasons, handled } = await api(face, { options: { jwt: { mode: 'online' } } })
  const [good, revoked] = [as.jwt(), as.jwt()]
  as.revoke(revoked)
  expect((await get('/', good)).status).toBe(200)
  expectInvalid(await get('/', revoked))
  expect([as.calls.introspection, reasons(), handled()]).toEqual([2, ['token_inactive'], 1])
})

verifies('IN-25', 'what one client was told is asked for again by another', async (face) => {
  const as = await testAuthorizationServer({ audience: AUDIENCE, client: () => true })
  const open = (id: string) =>
    api(face, { as, options: { introspection: { client: clientSecretBasic(id, 'secret') } } })
  const token = as.opaque()
  const [orders, bills] = [await open('orders'), await open('bills')]
  expect((await orders.get('/', token)).status).toBe(200)
  as.respond('introspection', { body: { active: false } }) // what the other client is told
  expectInvalid(await bills.get('/', token))
  expect((await orders.get('/', token)).status).toBe(200)
  expect(as.calls.introspection).toBe(2)
})
