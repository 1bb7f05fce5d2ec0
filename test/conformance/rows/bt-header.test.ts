import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { rawGet, sendRaw } from '../raw.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

/** Credentials as one octet per character, which is how field values travel. */
const bearer = (text: string): readonly string[] => ['Authorization', `Bearer ${text}`]
const REQUEST = {
  error: 'invalid_request',
  error_description: 'The request carries its credentials in a malformed way',
}
const MALFORMED = { error: 'invalid_token', error_description: 'The access token is malformed' }

verifies('BT-01', 'a token comes in the Authorization field and nowhere else', async (face) => {
  const { as, get, send, handled } = await api(face, { before: () => [{ is: 'form' }] })
  const token = as.jwt()
  expect((await get('/', token)).status).toBe(200)
  const elsewhere: readonly (readonly string[])[] = [
    ['X-Access-Token', token],
    ['Access-Token', token],
    ['X-Authorization', `Bearer ${token}`],
    ['Authentication', `Bearer ${token}`],
    ['Cookie', `access_token=${token}; token=${token}; Authorization=Bearer ${token}`],
    ['Sec-WebSocket-Protocol', `access_token, ${token}`],
    ['X-HTTP-Authorization', `Bearer ${token}`],
    ['DPoP', token],
  ]
  for (const fields of elsewhere) {
    const reply = await get(`/?access_token=${token}`, fields)
    expect([fields[0], reply.status, reply.body]).toEqual([fields[0], 401, '{}'])
  }
  const form = ['Content-Type', 'application/x-www-form-urlencoded']
  expect((await send('POST', '/', form, `access_token=${token}`)).status).toBe(401)
  expect(handled()).toBe(1)
})

verifies('BT-02', 'only spaces separate scheme and token', async (face) => {
  const { as, get, handled } = await api(face)
  const token = as.jwt()
  for (const spaces of [' ', '  ', '        ']) {
    expect((await get('/', ['Authorization', `Bearer${spaces}${token}`])).status).toBe(200)
  }
  for (const separator of ['\t', '\t ', ' \t', ' \t ']) {
    const reply = await get('/', ['Authorization', `Bearer${separator}${token}`])
    expect([reply.status, JSON.parse(reply.body)]).toEqual([400, REQUEST])
  }
  // Without a separator, or with another one, it is another scheme.
  for (const separator of ['', ':', '=', ',', '\u00a0', '_']) {
    const reply = await get('/', ['Authorization', `Bearer${separator}${token}`])
    expect([separator, reply.status, reply.body]).toEqual([separator, 401, '{}'])
  }
  expect(handled()).toBe(3)
})

verifies('BT-02', 'every character of token68 may be in a token', async (face) => {
  const { as, get } = await api(face)
  for (const token of ['aZ09-._~+/', 'aaaa=', 'aaaa==', '~', '+/+/', '-_-_', '.', 'a.b', 'a.b.c.d']) {
    expect([token, (await get('/', as.opaque({ token }))).status]).toEqual([token, 200])
  }
})

verifies('BT-03', 'a scheme without a token is a malformed request', async (face) => {
  const { get, origin, reasons, as } = await api(face)
  for (const value of ['Bearer', 'bearer', 'BEARER']) {
    const reply = await get('/', ['Authorization', value])
    expect([reply.status, JSON.parse(reply.body)]).toEqual([400, REQUEST])
    expect(reply.headers['www-authenticate']).toContain('error="invalid_request"')
  }
  for (const line of ['Authorization: Bearer ', 'Authorization: Bearer     ', 'Authorization: Bearer\t']) {
    expect((await sendRaw(origin, rawGet('/', line))).status).toBe(400)
  }
  expect([new Set(reasons()), as.calls.total]).toEqual([new Set(['credentials_malformed']), 0])
})

verifies('BT-04', 'whatever follows the token makes the request malformed', async (face) => {
  const { as, get, reasons, handled } = await api(face)
  const token = as.jwt()
  const values = [
    'a b',
    `${token} ${token}`,
    `${token} x`,
    'a, Bearer b',
    `${token}, Bearer ${token}`,
    `${token},Basic Zm9v`,
    `${token}, realm="a"`,
    'token="a"',
    'realm="api", error="invalid_token"',
    `"${token}"`,
    'a\tb',
  ]
  for (const value of values) {
    const reply = await get('/', bearer(value))
    expect([value, reply.status, JSON.parse(reply.body)]).toEqual([value, 400, REQUEST])
  }
  expect([new Set(reasons()), handled(), as.calls.total]).toEqual([new Set(['credentials_malformed']), 0, 0])
})

verifies('BT-05', 'one word that is no token68 is a malformed token', async (face) => {
  const { as, get, reasons, handled } = await api(face)
  const values = [
    'ab%20c',
    'a=b',
    '=',
    '==a',
    'ÿ',
    'a;b',
    'a:b',
    '{}',
    '<a>',
    "'a'",
    'a@b',
    'a|b',
    'a\\b',
    '(a)',
    '[a]',
    '!',
  ]
  for (const value of values) {
    const reply = await get('/', bearer(value))
    expect([value, reply.status, JSON.parse(reply.body)]).toEqual([value, 401, MALFORMED])
  }
  expect([new Set(reasons()), handled(), as.calls.total]).toEqual([new Set(['token_malformed']), 0, 0])
})

verifies('BT-06', 'without credentials the challenge says nothing of an error', async (face) => {
  const plain = await api(face, { options: { challenge: { errorUri: 'https://docs.example.com/errors' } } })
  const reply = await plain.get('/')
  expect([reply.status, reply.headers['www-authenticate'], reply.body]).toEqual([
    401,
    withDpop(`Bearer realm="${AUDIENCE}"`),
    '{}',
  ])
  const scoped = await api(face, { protect: { challenge: { scope: 'a b' } } })
  expect((await scoped.get('/')).headers['www-authenticate']).toBe(withDpop(`Bearer realm="${AUDIENCE}", scope="a b"`))
})

verifies('BT-07', 'another scheme counts as no credentials', async (face) => {
  const { as, get, reasons, handled } = await api(face)
  const token = as.jwt()
  const values = [
    'Basic Zm9v',
    'Digest username="a", realm="b"',
    `PoP ${token}`,
    `Token ${token}`,
    `JWT ${token}`,
    `OAuth ${token}`,
    `GNAP ${token}`,
    `Bearer-Token ${token}`,
    token,
    '',
  ]
  for (const value of values) {
    const reply = await get('/', ['Authorization', value])
    expect([value, reply.status, reply.body]).toEqual([value, 401, '{}'])
    expect(reply.headers['www-authenticate']).not.toContain('error')
  }
  expect([new Set(reasons()), handled()]).toEqual([new Set(['credentials_missing']), 0])
})

verifies('BT-07', 'Bearer credentials that a proxy joined to those of another scheme are refused', async (face) => {
  const { as, get, reasons } = await api(face)
  const token = as.jwt()
  for (const value of [`Basic Zm9v, Bearer ${token}`, `DPoP ${token},bearer ${token}`, `Basic a,  BEARER ${token}`]) {
    expect((await get('/', ['Authorization', value])).status).toBe(400)
  }
  expect(new Set(reasons())).toEqual(new Set(['credentials_repeated']))
})
