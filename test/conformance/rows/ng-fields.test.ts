import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { rawGet, sendRaw } from '../raw.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const BAD_REQUEST =
  'Bearer realm="https://api.example.com", error="invalid_request", error_description="The request carries its credentials in a malformed way"'
const OF_BEARER = withDpop(BAD_REQUEST)
/** Where nobody can tell which of the two was meant. */
const OF_BOTH = withDpop(BAD_REQUEST, { isClear: false })
const NO_CREDENTIALS = withDpop('Bearer realm="https://api.example.com"')

verifies('NG-59', 'refuses two Authorization lines, whatever they say', async (face) => {
  const { as, get, reasons, handled } = await api(face)
  const good = `Bearer ${as.jwt()}`
  const other = `Bearer ${as.jwt({ sub: 'mallory' })}`
  const pairs = [
    [good, 'Bearer x'],
    ['Bearer x', good],
    [good, other],
    [good, good],
    [good, `DPoP ${as.jwt()}`],
    [`DPoP ${as.jwt()}`, good],
    [good, 'Basic dXNlcjpwYXNz'],
    ['Basic dXNlcjpwYXNz', good],
    [good, ''],
    ['', good],
    ['Basic a', 'Digest b'],
  ] as const
  for (const [first, second] of pairs) {
    const reply = await get('/', ['Authorization', first, 'aUTHORIZATION', second])
    expect([first, reply.status, reply.lines('www-authenticate')]).toEqual([first, 400, [OF_BOTH]])
  }
  const many = Array.from({ length: 100 }, () => ['Authorization', 'Bearer x']).flat()
  expect((await get('/', many)).status).toBe(400)
  expect(reasons()).toEqual(Array.from({ length: pairs.length + 1 }, () => 'credentials_repeated'))
  expect(handled()).toBe(0)
  expect(as.calls.total).toBe(0)
})

verifies('NG-60', 'refuses credentials that were joined by a comma', async (face) => {
  const { as, get, reasons, handled } = await api(face)
  const token = as.jwt()
  const joined = [
    `Bearer ${token}, Bearer ${token}`,
    `Bearer ${token},Bearer ${token}`,
    `Bearer ${token}, Basic dXNlcjpwYXNz`,
    `Basic dXNlcjpwYXNz, Bearer ${token}`,
    `Basic dXNlcjpwYXNz,Bearer ${token}`,
    `DPoP ${token}, bEARER ${token}`,
    `Bearer ${token},`,
    `Bearer ,${token}`,
  ]
  for (const line of joined) {
    const reply = await get('/', ['Authorization', line])
    const challenge = /, ?bearer /i.test(line) ? OF_BOTH : OF_BEARER
    expect([line, reply.status, reply.lines('www-authenticate')]).toEqual([line, 400, [challenge]])
  }
  expect(new Set(reasons())).toEqual(new Set(['credentials_malformed', 'credentials_repeated']))
  expect(handled()).toBe(0)
  expect(as.calls.total).toBe(0)
})

verifies('NG-61', 'takes no token from query or body, with or without one in the header', async (face) => {
  const { as, send, get, handled } = await api(face)
  const [token, other] = [as.jwt({ sub: 'ada' }), as.jwt({ sub: 'mallory' })]
  const form = ['Content-Type', 'application/x-www-form-urlencoded']

  const alone = await send('POST', `/?access_token=${token}`, form, `access_token=${token}`)
  expect([alone.status, alone.lines('www-authenticate')]).toEqual([401, [NO_CREDENTIALS]])
  const inCookie = await get('/', ['Cookie', `access_token=${token}`, 'Proxy-Authorization', `Bearer ${token}`])
  expect([inCookie.status, inCookie.lines('www-authenticate')]).toEqual([401, [NO_CREDENTIALS]])
  expect(handled()).toBe(0)

  const both = await send(
    'POST',
    `/?access_token=${other}`,
    ['Authorization', `Bearer ${token}`, ...form],
    `access_token=${other}`,
  )
  expect([both.status, JSON.parse(both.body).subject]).toEqual([200, 'ada'])
  const bad = await send(
    'POST',
    `/?access_token=${token}`,
    ['Authorization', 'Bearer x', ...form],
    `access_token=${token}`,
  )
  expect(bad.status).toBe(401)
  expect(handled()).toBe(1)
})

verifies('NG-62', 'takes the scheme in any case, and no word that only begins like it', async (face) => {
  const { as, get, reasons, handled } = await api(face)
  const token = as.jwt()
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
    expect([scheme, (await get('/', ['Authorization', `${scheme} ${token}`])).status]).toEqual([scheme, 200])
  }
  const lookalikes = [
    `Bearer: ${token}`,
    `Bearer${token}`,
    `BearerX ${token}`,
    `Bearer=${token}`,
    `Bearer"${token}"`,
    `XBearer ${token}`,
    `Bear ${token}`,
    `Token ${token}`,
    `JWT ${token}`,
    `OAuth ${token}`,
    `DPoPX ${token}`,
    token,
    '',
  ]
  for (const line of lookalikes) {
    const reply = await get('/', ['Authorization', line])
    expect([line, reply.status, reply.lines('www-authenticate')]).toEqual([line, 401, [NO_CREDENTIALS]])
  }
  expect(reasons()).toEqual(lookalikes.map(() => 'credentials_missing'))
  expect(handled()).toBe(4)
})

verifies('NG-63', 'takes spaces only between scheme and token, and nothing else anywhere', async (face) => {
  const { as, origin, reasons, handled } = await api(face)
  const token = as.jwt()
  for (const line of [`Bearer ${token}`, `Bearer    ${token}`, ` \t Bearer ${token} \t `]) {
    const reply = await sendRaw(origin, rawGet('/', `Authorization:${line}`))
    expect([line, reply.status]).toEqual([line, 200])
  }
  // As octets: NBSP in Latin-1 and UTF-8, ideographic space, zero-width space, byte-order mark, soft hyphen.
  const foreign = ['\xa0', '\xc2\xa0', '\xe3\x80\x80', '\xe2\x80\x8b', '\xef\xbb\xbf', '\xad']
  const inside = [400, 400, 401, 401, 401, 401] // NBSP looks like a second word, and that is a malformed field
  const lines = [
    ...foreign.map((space) => [`Bearer${space}${token}`, 401] as const),
    ...foreign.map((space) => [`${space}Bearer ${token}`, 401] as const),
    ...foreign.map((space, at) => [`Bearer ${space}${token}`, inside[at]!] as const),
    ...foreign.map((space, at) => [`Bearer ${token}${space}`, inside[at]!] as const),
    [`Bearer\t${token}`, 400],
    [`Bearer \t${token}`, 400],
    [`Bearer ${token} x`, 400],
    [`Bearer ${token}\tx`, 400],
    [`Bearer ${token.slice(0, 20)} ${token.slice(20)}`, 400],
    ['Bearer', 400],
    ['Bearer ', 400],
  ] as const
  for (const [line, status] of lines) {
    const reply = await sendRaw(origin, rawGet('/', `Authorization: ${line}`))
    expect([line, reply.status]).toEqual([line, status])
  }
  expect(reasons()).toHaveLength(lines.length)
  expect(handled()).toBe(3)
  expect(as.calls.introspection).toBe(0)
})

verifies('NG-64', 'never uses a part of a field that is folded or has a line feed or NUL in it', async (face) => {
  const { as, origin, reasons, handled } = await api(face)
  const token = as.jwt()
  const half = token.length >> 1
  const requests = [
    rawGet('/', `Authorization: Bearer\r\n ${token}`),
    rawGet('/', `Authorization: Bearer ${token.slice(0, half)}\r\n ${token.slice(half)}`),
    rawGet('/', `Authorization: Bearer\r\n\t${token}`),
    rawGet('/', `Authorization: Bearer ${token}\n x`),
    rawGet('/', `Authorization: Bearer ${token}\0`),
    rawGet('/', `Authorization: Bearer \0${token}`),
    rawGet('/', `Authorization: Bearer ${token}\rx: y`),
    rawGet('/', `Authorization: Bearer ${token}\x0b`),
    rawGet('/', `Authorization\0: Bearer ${token}`),
    rawGet('/', `Authorization : Bearer ${token}`),
    rawGet('/', ` Authorization: Bearer ${token}`),
  ]
  for (const request of requests) expect([request, (await sendRaw(origin, request)).status]).toEqual([request, 400])
  expect(handled()).toBe(0)
  expect(reasons()).toEqual([]) // Node's parser lets none of them through
})

verifies('NG-65', 'asks nobody about what can be no token', async (face) => {
  const { as, get, handled } = await api(face)
  const token = as.opaque({ token: 'good-token' })
  const impossible = [
    [`"${token}"`, 400],
    [`<${token}>`, 401],
    ['good%2Dtoken', 401],
    [encodeURIComponent('good token'), 401],
    [JSON.stringify({ access_token: token }), 400],
    [`{${token}}`, 401],
    ['[object Object]', 400],
    ['=', 401],
    ['a=b', 401],
    [`${token}=a`, 401],
    ['\u{e9}', 401],
    [`${token}!`, 401],
    [`access_token=${token}!`, 401],
    ['realm="x"', 400],
  ] as const
  for (const [credentials, status] of impossible) {
    expect([credentials, (await get('/', credentials)).status]).toEqual([credentials, status])
  }
  expect(as.calls.introspection).toBe(0)
  // These are words like any other: the authority says that it knows no such token.
  for (const word of ['null', 'undefined', 'NaN', 'true', '0']) expect((await get('/', word)).status).toBe(401)
  expect(as.calls.introspection).toBe(5)
  expect(handled()).toBe(0)
  const none = await api(face, { options: { introspection: false } })
  for (const word of ['null', 'undefined']) expect((await none.get('/', word)).status).toBe(401)
  expect(none.as.calls.total).toBe(0)
})

const repeated = (count: number, name: string): string[] => Array.from({ length: count }, () => [name, '1']).flat()

verifies('NG-66', 'answers a flood of fields with 4xx, before anything is decoded', async (face) => {
  const { as, get, origin, reasons, handled } = await api(face)
  const token = as.jwt()
  const authorization = ['Authorization', `Bearer ${token}`]
  // Node drops what exceeds its count of fields: a long list does not prove that a second line is not there. Later
  // releases refuse themselves what they would drop.
  for (const flood of [
    [...repeated(1_000, 'X'), ...authorization],
    [...authorization, ...repeated(2_100, 'X'), 'Authorization', 'Bearer x'],
    repeated(1_000, 'X'),
  ])
    expect([400, 431]).toContain((await get('/', flood)).status)
  expect(reasons().filter((reason) => reason !== 'credentials_malformed')).toEqual([])
  expect(handled()).toBe(0)
  expect((await get('/', [...repeated(100, 'DPoP'), ...repeated(300, 'X'), ...authorization])).status).toBe(200)
  const large = await sendRaw(origin, rawGet('/', `X: ${'x'.repeat(17_000)}`, `Authorization: Bearer ${token}`))
  expect(large.status).toBe(431)
  expect(handled()).toBe(1)
  expect(as.calls.introspection).toBe(0)
})
