import { AuthError, ConfigError, type Guard, scope } from '@holdfast/core'
import { expect } from 'vitest'
import { rawGet, sendRaw } from '../raw.ts'
import { fieldsOf, PLAN, ROWS } from '../rows.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const PREFLIGHT = ['Origin', 'https://app.example', 'Access-Control-Request-Method', 'GET'] as const
const INJECTED = 'x\r\nSet-Cookie: a=1\r\n\r\n<p>'

/** Guards that quote a claim, in the detail and in the scopes of a refusal. */
const says: Guard = ({ claims }) => ({ reason: 'custom', detail: claims['tenant'] as string })
const asks: Guard = ({ claims }) => ({ reason: 'scope_missing', scopes: [claims['tenant'] as string, 'good'] })

verifies('HT-06', 'nothing that a token says breaks out of an answer', async (face) => {
  const { as, get, events, handled } = await api(face, { routes: { '/says': [says], '/asks': [asks] } })
  const tokens = [
    ...['typ', 'alg', 'kid', 'cty', 'jku'].map((name) => as.jwt({ expiresIn: '-1m', header: { [name]: INJECTED } })),
    ...['iss', 'sub', 'aud', 'scope', 'jti', 'acr'].map((name) =>
      as.jwt({ expiresIn: '-1m', claims: { [name]: INJECTED } }),
    ),
  ]
  const replies = [
    ...(await Promise.all(tokens.map((token) => get('/', token)))),
    await get('/says', as.jwt({ claims: { tenant: INJECTED } })),
    await get('/asks', as.jwt({ claims: { tenant: INJECTED } })),
  ]
  for (const { status, headers, body } of replies) {
    expect([400, 401, 403]).toContain(status)
    expect([headers['set-cookie'], headers['www-authenticate']]).toEqual([
      undefined,
      expect.stringMatching(/^[\x20-\x7e]+$/),
    ])
    expect(body).not.toContain('Set-Cookie')
  }
  expect(replies.at(-1)!.headers['www-authenticate']).toMatch(/, scope="good"$/)
  expect(JSON.stringify(events)).not.toMatch(/\\r|\\n/)
  expect(handled()).toBe(0)
})

verifies('HT-06', 'octets that no token has break out of no answer', async (face) => {
  const { origin, handled } = await api(face)
  for (let octet = 0; octet <= 0xff; octet += 1) {
    const character = String.fromCodePoint(octet)
    if (/^[\w.~+/=-]$/.test(character)) continue
    const { status, lines } = await sendRaw(origin, rawGet('/', `Authorization: Bearer a${character}b`))
    expect([octet, [400, 401].includes(status), lines('set-cookie')]).toEqual([octet, true, []])
  }
  expect(handled()).toBe(0)
})

verifies('HT-07', 'what is configured is visible ASCII', async (face) => {
  const refused = (challenge: object) => (): unknown =>
    face.protect({ issuer: 'https://as.test', audience: AUDIENCE, challenge })
  for (const realm of ['é漢', 'a\nb', 'a\tb', 'a\u007fb', '\u0000']) {
    expect(refused({ realm })).toThrow(ConfigError)
    expect(refused({ realm })).toThrow(/^option "challenge\.realm" is .*; write printable ASCII$/s)
  }
  expect(refused({ errorUri: 'https://docs.example.com/é' })).toThrow(/^option "challenge\.errorUri" is /)
  expect(() => scope('é')).toThrow(ConfigError)
})

verifies('HT-07', 'every field of every refusal is visible ASCII', async (face) => {
  const { as, send } = await api(face, { ...PLAN, as: { audience: 'urn:é漢\u0000api' } })
  for (const row of ROWS.filter(({ expect: { status } }) => status >= 400)) {
    const { headers } = await send(row.method ?? 'GET', row.path ?? '/whoami', fieldsOf(row, as))
    for (const value of Object.values(headers).flat()) expect(value).toMatch(/^[\t\x20-\x7e]*$/)
  }
})

verifies('HT-13', 'a field that is too long is refused, by us or by Node', async (face) => {
  const { origin, get, handled, reasons, as } = await api(face)
  const reply = await get('/', 'a'.repeat(8_193))
  expect([reply.status, JSON.parse(reply.body)]).toEqual([
    401,
    { error: 'invalid_token', error_description: 'The access token is malformed' },
  ])
  expect(reasons()).toEqual(['token_too_long'])
  const { status } = await sendRaw(origin, rawGet('/', `Authorization: Bearer ${'a'.repeat(20_000)}`))
  expect([status, handled(), as.calls.total]).toEqual([431, 0, 0])
})

verifies('HT-13', 'the bound is what is configured, to the character', async (face) => {
  const { as, get } = await api(face, { options: { maxTokenLength: 256 } })
  expect((await get('/', as.opaque({ token: 'a'.repeat(256) }))).status).toBe(200)
  expect((await get('/', as.opaque({ token: 'a'.repeat(257) }))).status).toBe(401)
})

verifies('HT-14', 'two Authorization lines are an error, whatever they hold', async (face) => {
  const { as, get, handled, reasons } = await api(face)
  const good = `Bearer ${as.jwt()}`
  const pairs = [
    ['Authorization', good, 'Authorization', 'Bearer x'],
    ['Authorization', good, 'Authorization', good],
    ['authorization', good, 'AUTHORIZATION', 'Basic Zm9v'],
    ['Authorization', 'Basic Zm9v', 'Authorization', good],
    ['Authorization', 'Basic Zm9v', 'Authorization', 'Digest x'],
    ['Authorization', good, 'X-Between', '1', 'Authorization', ''],
  ]
  for (const fields of pairs) {
    const { status, body } = await get('/', fields)
    expect([status, JSON.parse(body)]).toMatchObject([400, { error: 'invalid_request' }])
  }
  expect([handled(), reasons()]).toEqual([0, pairs.map(() => 'credentials_repeated')])
})

verifies('HT-15', 'blanks around a field value are no part of it', async (face) => {
  const { as, origin, handled } = await api(face)
  const token = as.jwt()
  for (const line of [
    `Authorization:   Bearer ${token}  `,
    `Authorization:Bearer ${token}`,
    `Authorization:\tBearer ${token}\t`,
    `Authorization: \t Bearer   ${token} \t`,
  ]) {
    expect([line.slice(0, 20), (await sendRaw(origin, rawGet('/', line))).status]).toEqual([line.slice(0, 20), 200])
  }
  expect(handled()).toBe(4)
})

verifies('HT-15', 'blanks around a field value are cut off where no HTTP parser has done it', async (face) => {
  const { as, server } = await api(face)
  const value = `\t Bearer ${as.jwt()} \t`
  expect(await server.authenticate({ rawHeaders: ['authorization', value] })).toMatchObject({ subject: 'test-user' })
  // A no-break space is no blank.
  const other = { rawHeaders: ['authorization', `Bearer ${as.jwt()}\u00a0`] }
  await expect(server.authenticate(other)).rejects.toMatchObject({ reason: 'credentials_malformed' })
})

verifies('HT-16', 'Proxy-Authorization is not read', async (face) => {
  const { as, get, handled } = await api(face)
  const reply = await get('/', ['Proxy-Authorization', `Bearer ${as.jwt()}`])
  expect([reply.status, reply.body, reply.headers['proxy-authenticate']]).toEqual([401, '{}', undefined])
  // Beside our own it neither helps nor harms.
  const both = ['Proxy-Authorization', 'Bearer x', 'Authorization', `Bearer ${as.jwt()}`]
  expect([(await get('/', both)).status, handled()]).toEqual([200, 1])
})

verifies('HT-17', 'a response that was let through gets no header field of ours', async (face) => {
  const open = { is: 'route', method: 'ALL', path: '/open', handle: () => ({ status: 200, text: 'x' }) } as const
  const cached = { 'cache-control': 'private, max-age=60' }
  const { as, get } = await api(face, { before: () => [{ is: 'headers', headers: cached }, open] })
  const before = await get('/open')
  for (const token of [as.jwt(), as.opaque()]) {
    const after = await get('/', token)
    expect(after.status).toBe(200)
    expect(Object.keys(after.headers)).toEqual(Object.keys(before.headers))
    expect(after.headers['cache-control']).toBe(cached['cache-control'])
  }
})

verifies('HT-18', 'every refusal says no-store, over what the application says', async (face) => {
  const { as, send, get, server } = await api(face, {
    ...PLAN,
    before: () => [{ is: 'headers', headers: { 'cache-control': 'public, max-age=60' } }],
  })
  const refused = ROWS.filter((row) => row.expect.status >= 400 && row.path !== '/unprotected')
  const statuses = new Set<number>()
  for (const row of refused) {
    const reply = await send(row.method ?? 'GET', row.path ?? '/whoami', fieldsOf(row, as))
    expect([row.does, reply.headers['cache-control']]).toEqual([row.does, 'no-store'])
    statuses.add(reply.status)
  }
  await server.close()
  const closed = await get('/whoami', as.jwt())
  expect([closed.status, closed.headers['cache-control']]).toEqual([503, 'no-store'])
  expect(statuses).toEqual(new Set([400, 401, 403, 500]))
})

verifies('HT-19', 'what nobody can decide is 503, and no word about the token', async (face) => {
  const { as, get, server, reasons } = await api(face)
  const [opaque, jwt] = [as.opaque(), as.jwt()]
  as.outage()
  const replies = []
  for (const token of [opaque, jwt, 'unheard-of']) replies.push(await get('/', token))
  await server.close()
  replies.push(await get('/', jwt))
  for (const reply of replies) {
    expect([reply.status, reply.lines('www-authenticate'), JSON.parse(reply.body)]).toEqual([
      503,
      [],
      { error: 'unavailable' },
    ])
    expect(reply.headers['retry-after']).toMatch(/^[1-9]\d*$/)
  }
  expect(reasons()).toEqual(['introspection_unavailable', 'keys_unavailable', 'introspection_unavailable', 'closed'])
})

verifies('HT-20', 'HEAD gets what GET gets, without the body', async (face) => {
  const { as, send, get } = await api(face, PLAN)
  const rows = ROWS.filter(
    ({ method, path, expect: { status } }) => !method && path !== '/unprotected' && status >= 400,
  )
  for (const row of rows) {
    const fields = fieldsOf(row, as)
    const [one, other] = [await get(row.path ?? '/whoami', fields), await send('HEAD', row.path ?? '/whoami', fields)]
    const [{ date: _, ...ofGet }, { date: __, ...ofHead }] = [one.headers, other.headers]
    expect([row.does, other.status, ofHead, other.body]).toEqual([row.does, one.status, ofGet, ''])
  }
  expect(rows.length).toBeGreaterThan(35)
})

verifies('HT-21', 'OPTIONS is guarded unless it is a preflight', async (face) => {
  const { as, send, handled } = await api(face)
  const [origin, asked] = [PREFLIGHT.slice(0, 2), PREFLIGHT.slice(2)]
  for (const fields of [[], origin, asked, [...origin, ...origin, ...asked], [...origin, ...asked, ...asked]]) {
    const reply = await send('OPTIONS', '/', fields)
    expect([reply.status, reply.body, handled()]).toEqual([401, '{}', 0])
  }
  const bad = await send('OPTIONS', '/', [...PREFLIGHT, 'Authorization', 'Bearer a b'])
  expect([bad.status, handled()]).toEqual([400, 0])
  const good = await send('OPTIONS', '/', ['Authorization', `Bearer ${as.jwt()}`])
  expect([good.status, handled()]).toEqual([200, 1])
})

verifies('HT-23', 'nothing runs behind an answer', async (face) => {
  const { as, get, handled } = await api(face, { routes: { '/orders': [scope('orders')], '/open': [] } })
  for (const [path, credentials] of [
    ['/', []],
    ['/open', 'unheard-of'],
    ['/orders', as.jwt()],
    ['/', ['Authorization', 'Bearer a b']],
  ] as const) {
    expect((await get(path, credentials)).status).toBeGreaterThanOrEqual(400)
  }
  as.outage('introspection')
  expect([(await get('/', as.opaque())).status, handled()]).toEqual([503, 0])
})

verifies('HT-23', 'a response that has begun is not written to; the application hears of it', async (face) => {
  const heard: unknown[] = []
  const alive = { is: 'route', method: 'GET', path: '/alive', handle: () => ({ status: 200, text: 'yes' }) } as const
  const { origin, get, handled } = await api(face, {
    before: () => [alive, { is: 'begin', text: 'begun' }],
    onError: (error) => {
      heard.push(error)
      return { status: 500, text: 'late' }
    },
  })
  const controller = new AbortController()
  const response = await fetch(`${origin}/`, { signal: controller.signal })
  const { value } = await response.body!.getReader().read()
  expect([response.status, Buffer.from(value as Uint8Array).toString()]).toEqual([200, 'begun'])
  expect([response.headers.get('www-authenticate'), response.headers.get('cache-control')]).toEqual([null, null])
  controller.abort()
  expect((await get('/alive')).body).toBe('yes')
  expect([heard.length, heard[0] instanceof AuthError, handled()]).toEqual([1, true, 0])
})
