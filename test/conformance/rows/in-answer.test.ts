import { claim, login } from '@holdfast/core'
import type { CannedAnswer } from '@holdfast/testing'
import { expect } from 'vitest'
import { active, expectInvalid, expectUnavailable, isStale, watchedApi, whenAnswered } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const JSON_TYPE = 'application/json'

verifies('IN-07', 'only the JSON value true is active', async (face) => {
  const opened = await api(face)
  const { as, handled } = opened
  const others = ['true', 'True', 'false', 1, 0, '1', '', [], [true], {}, null, undefined]
  for (const value of others) {
    const reply = await whenAnswered(opened, { body: active(as, { active: value }) })
    expectUnavailable(reply)
  }
  expect(handled()).toBe(others.length) // those that were good
  expect((await whenAnswered(opened, { body: active(as) })).status).toBe(200)
})

verifies('IN-08', 'a malformed "active" is no verdict, is not kept, and ends no grace', async (face) => {
  const { as, get, events } = await api(face)
  const known = as.opaque()
  expect((await get('/', known)).status).toBe(200)
  as.clock.advance('61s')
  as.respond('introspection', { body: active(as, { active: 'false' }) })
  expect(isStale(await get('/', known))).toBe(true)
  const troubles = events.flatMap((event) => (event.type === 'introspection' ? [event.trouble] : []))
  expect(troubles).toEqual([undefined, 'malformed'])
  const unknown = as.opaque()
  expectUnavailable(await get('/', unknown))
  as.clock.advance('300s')
  expectUnavailable(await get('/', known))
  as.recover('introspection')
  as.clock.advance('10s')
  for (const token of [known, unknown]) expect(isStale(await get('/', token))).toBe(false)
})

verifies('IN-09', 'inactive is inactive, whatever else is said', async (face) => {
  const { as, get, reasons } = await api(face)
  const answers = [
    { active: false },
    { ...active(as), active: false, scope: 'admin' },
    { active: false, exp: 'never', aud: {}, sub: 7 },
  ]
  for (const body of answers) {
    as.respond('introspection', { body })
    const reply = await get('/', as.opaque())
    expectInvalid(reply)
    expect(reply.headers['www-authenticate']).toContain('error_description="The access token is revoked or inactive"')
  }
  expect(reasons()).toEqual(answers.map(() => 'token_inactive'))
})

verifies('IN-10', 'anything but a 200 with a JSON object is no verdict', async (face) => {
  const opened = await api(face)
  const { as } = opened
  const text = JSON.stringify(active(as))
  const answers: readonly CannedAnswer[] = [
    { body: text, contentType: 'text/html' },
    { body: text, contentType: 'text/json' },
    { body: text, contentType: 'application/problem+json' },
    { body: text, contentType: 'application/token-introspection+jwt' },
    { body: text, contentType: '' },
    { status: 204 },
    { status: 201, body: active(as) },
    { status: 206, body: active(as) },
    ...['', 'null', 'true', '[]', `[${text}]`, text.slice(0, -1), `${text}}`, `\uFEFF${text}`, '<html>'].map(
      (body) => ({
        body,
        contentType: JSON_TYPE,
      }),
    ),
    { body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), contentType: JSON_TYPE },
    { body: `{"active":false,${text.slice(1)}`, contentType: JSON_TYPE },
  ]
  for (const answer of answers) expectUnavailable(await whenAnswered(opened, answer))
  for (const contentType of ['application/json; charset=utf-8', 'Application/JSON', 'application/json ;x="y"']) {
    expect((await whenAnswered(opened, { body: text, contentType })).status).toBe(200)
  }
})

verifies('IN-10', 'a known token rests on its old answer meanwhile', async (face) => {
  const { as, get } = await api(face)
  const token = as.opaque()
  await get('/', token)
  as.clock.advance('61s')
  as.respond('introspection', { body: '<html>Log in</html>' })
  expect(isStale(await get('/', token))).toBe(true)
})

verifies('IN-10', 'structuredSuffix takes +json, and nothing else', async (face) => {
  const opened = await api(face, { options: { introspection: { structuredSuffix: true } } })
  const { as } = opened
  const body = JSON.stringify(active(as))
  for (const contentType of ['application/introspection+json', 'application/x.y+json; charset=utf-8', JSON_TYPE]) {
    expect((await whenAnswered(opened, { body, contentType })).status).toBe(200)
  }
  for (const contentType of ['text/x+json', 'application/+json', 'application/json+html', 'image/svg+xml']) {
    expectUnavailable(await whenAnswered(opened, { body, contentType }))
  }
})

verifies('IN-11', 'a member of the wrong type makes the answer unusable', async (face) => {
  const opened = await api(face)
  const { as } = opened
  const wrong: readonly (readonly [string, unknown])[] = [
    ...(['exp', 'iat', 'nbf'] as const).flatMap(
      (name) =>
        [
          [name, '1'],
          [name, true],
          [name, []],
        ] as const,
    ),
    ['exp', 1e15],
    ...['sub', 'iss', 'jti', 'client_id', 'username', 'token_type'].flatMap(
      (name) =>
        [
          [name, {}],
          [name, 7],
        ] as const,
    ),
    ['aud', {}],
    ['aud', 7],
    ['aud', ['https://api.example.com', 7]],
    ['scope', 7],
    ['scope', ['a b']],
    ['cnf', 'x'],
  ]
  for (const [name, value] of wrong) {
    expectUnavailable(await whenAnswered(opened, { body: active(as, { [name]: value }) }))
  }
})

verifies('IN-11', 'what cannot be misread is tolerated', async (face) => {
  const opened = await api(face)
  const { as } = opened
  const now = as.clock.wall() / 1_000
  const tolerated = [
    { exp: now + 10.5, iat: now - 0.5 },
    { exp: 0 },
    { exp: null, nbf: null, sub: null, scope: null, username: null },
    { scope: ['a', 'b'] },
    { scope: '' },
    { aud: ['https://other.example', 'https://api.example.com'] },
  ]
  for (const members of tolerated) {
    expect((await whenAnswered(opened, { body: active(as, members) })).status).toBe(200)
  }
})

verifies('IN-12', '"active" alone is an answer', async (face) => {
  for (const audience of ['ifPresent', 'off'] as const) {
    const opened = await api(face, { options: { introspection: { audience } } })
    const reply = await whenAnswered(opened, { body: { active: true } })
    expect([reply.status, JSON.parse(reply.body)]).toEqual([200, { scopes: [], by: 'introspection', stale: false }])
  }
  const strict = await api(face)
  expectInvalid(await whenAnswered(strict, { body: { active: true } }))
  expect(strict.reasons()).toEqual(['audience_missing'])
})

verifies('IN-13', 'exp and nbf of an active answer are judged here', async (face) => {
  const opened = await api(face)
  const { as, reasons } = opened
  const now = as.clock.wall() / 1_000
  const judged = async (members: object) => (await whenAnswered(opened, { body: active(as, { ...members }) })).status
  expect(await judged({ exp: now - 1 })).toBe(401)
  expect(await judged({ exp: now })).toBe(401) // no skew: an answer is never used past its exp
  expect(await judged({ exp: now + 1 })).toBe(200)
  expect(await judged({ nbf: now + 31 })).toBe(401)
  expect(await judged({ nbf: now + 30 })).toBe(200) // the skew of two clocks
  expect(reasons()).toEqual(['token_expired', 'token_expired', 'token_not_yet_valid'])
})

verifies('IN-14', 'an answer that names another issuer is refused', async (face) => {
  const opened = await api(face)
  const { as, reasons } = opened
  const others = ['https://evil.example', `${as.issuer}/`, as.issuer.toUpperCase(), '']
  for (const iss of others) expectInvalid(await whenAnswered(opened, { body: active(as, { iss }) }))
  expect(reasons()).toEqual(others.map(() => 'issuer_wrong'))
  expect((await whenAnswered(opened, { body: active(as, { iss: undefined }) })).status).toBe(200)
})

verifies(
  'IN-15',
  'an answer must name our audience, may leave it out, or is not asked for it, as configured',
  async (face) => {
    const ours = 'https://api.example.com'
    const audiences = [ours, ['https://other.example', ours], 'https://other.example', `${ours}/`, [], undefined]
    const expected = {
      required: [200, 200, 401, 401, 401, 401],
      ifPresent: [200, 200, 401, 401, 401, 200],
      off: [200, 200, 200, 200, 200, 200],
    } as const
    for (const audience of ['required', 'ifPresent', 'off'] as const) {
      const opened = await api(face, { options: { introspection: { audience } } })
      const { as } = opened
      // A good token that every policy takes comes first, and between.
      const statuses = []
      for (const aud of audiences) statuses.push((await whenAnswered(opened, { body: active(as, { aud }) })).status)
      expect(statuses).toEqual(expected[audience])
    }
    const usual = await api(face)
    expectInvalid(await whenAnswered(usual, { body: active(usual.as, { aud: undefined }) }))
  },
)

verifies('IN-16', 'refresh and ID tokens are no access tokens', async (face) => {
  const opened = await api(face)
  const { as, reasons } = opened
  const marks = [
    { token_type: 'refresh_token' },
    { token_type: 'Refresh' },
    { token_type: 'id_token' },
    { token_type: 'N_A' },
    { token_type: '' },
    { token_use: 'refresh' },
    { token_use: 'id' },
    { typ: 'Refresh' },
    { typ: 'Offline' },
    { typ: 'ID' },
  ]
  for (const mark of marks) expectInvalid(await whenAnswered(opened, { body: active(as, mark) }))
  expect(reasons()).toEqual(marks.map(() => 'token_kind_wrong'))
  for (const mark of [{ token_type: 'Bearer' }, { token_type: 'bearer' }, { token_type: 'access_token' }]) {
    expect((await whenAnswered(opened, { body: active(as, mark) })).status).toBe(200)
  }
})

verifies('IN-16', 'a claim that tells access tokens apart can be named', async (face) => {
  const opened = await api(face, { options: { requiredClaims: { token_kind: 'access' } } })
  const { as, get } = opened
  const judged = async (members: object) => {
    as.respond('introspection', { body: active(as, { ...members }) })
    return (await get('/', as.opaque())).status
  }
  expect(await judged({ token_kind: 'access' })).toBe(200)
  expect(await judged({ token_kind: 'refresh' })).toBe(401)
  expect(await judged({ token_kind: ['access'] })).toBe(401)
  expect(await judged({})).toBe(401)
})

verifies('IN-17', 'a bound token is no bearer token', async (face) => {
  const opened = await api(face)
  const { as, reasons, get } = opened
  const bindings = [{ jkt: 'x' }, { 'x5t#S256': 'x' }, { jwk: {} }, {}]
  for (const cnf of bindings) expectInvalid(await whenAnswered(opened, { body: active(as, { cnf }) }))
  expect(reasons()).toEqual(bindings.map(() => 'binding_unsupported'))
  // Nor later, when its answer is known.
  const token = as.opaque({ claims: { cnf: { jkt: 'x' } } })
  const before = as.calls.introspection
  for (let use = 0; use < 3; use += 1) expectInvalid(await get('/', token))
  expect(as.calls.introspection - before).toBe(1)
})

verifies('IN-18', 'cnf decides, whatever token_type says', async (face) => {
  const opened = await api(face)
  const { as, reasons } = opened
  const contradictions = [
    { token_type: 'DPoP' },
    { token_type: 'dpop' },
    { token_type: 'Bearer', cnf: { jkt: 'x' } },
    { token_type: 'DPoP', cnf: { jkt: 'x' } },
  ]
  for (const members of contradictions) expectInvalid(await whenAnswered(opened, { body: active(as, members) }))
  expect(reasons()).toEqual(contradictions.map(() => 'binding_unsupported'))
})

verifies('IN-19', 'guards judge opaque tokens and JWTs alike', async (face) => {
  const routes = {
    '/strong': [login({ acr: 'gold' })],
    '/recent': [login({ maxAge: '5m' })],
    '/acting': [claim('act', (act) => (act as { sub?: string } | undefined)?.sub === 'service')],
    '/may-act': [claim('may_act', (one) => (one as { sub?: string } | undefined)?.sub === 'service')],
    '/payment': [claim('authorization_details', (all) => Array.isArray(all) && all.length === 1)],
  }
  const { as, get, reasons } = await watchedApi(face, { routes })
  const now = Math.floor(as.clock.wall() / 1_000)
  const good = {
    acr: 'gold',
    auth_time: now - 10,
    act: { sub: 'service' },
    may_act: { sub: 'service' },
    authorization_details: [{ type: 'payment' }],
  }
  const poor = { acr: 'silver', auth_time: now - 1_000, act: { sub: 'else' }, authorization_details: [] }
  for (const path of Object.keys(routes)) {
    for (const claims of [good, poor, {}]) {
      const [opaque, jwt] = [await get(path, as.opaque({ claims })), await get(path, as.jwt({ claims }))]
      expect([opaque.status, opaque.headers['www-authenticate']]).toEqual([jwt.status, jwt.headers['www-authenticate']])
      expect(opaque.status === 200).toBe(claims === good)
    }
  }
  expect(new Set(reasons())).toEqual(new Set(['login_insufficient', 'claim_refused']))
})
