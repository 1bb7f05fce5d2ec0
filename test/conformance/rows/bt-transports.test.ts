import { type AuthRequest, ConfigError } from '@holdfast/core'
import { expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE } from '../world.ts'

const FORM = ['Content-Type', 'application/x-www-form-urlencoded']
const header = (token: string): readonly string[] => ['Authorization', `Bearer ${token}`]
const MULTIPART = ['--x', 'Content-Disposition: form-data; name="access_token"', '', 'TOKEN', '--x--', ''].join('\r\n')

/** An extractor of an application, which fails on one path. */
const fromOwnField = ({ rawHeaders, method, url }: AuthRequest): unknown => {
  if (url === '/broken') throw new Error('the password is hunter2')
  const at = rawHeaders.findIndex((name) => name.toLowerCase() === 'x-token')
  return at === -1 || method !== 'GET' ? undefined : rawHeaders[at + 1]
}

/** An API that takes tokens from forms, with what its framework parses forms with. */
function formApi(face: Parameters<typeof api>[0], credentials: object = { form: true }): Promise<Api> {
  return api(face, { before: () => [{ is: 'form' }], options: { credentials } })
}

verifies(['BT-21', 'BT-22'], 'a token in the query is never used', async (face) => {
  const { as, get, handled, events } = await api(face)
  const [token, opaque] = [as.jwt(), as.opaque()]
  for (const query of [
    `access_token=${token}`,
    `access_token=${opaque}`,
    `a=1&access_token=${token}`,
    `access%5Ftoken=${token}`,
    `token=${token}`,
    `bearer_token=${token}`,
    `Authorization=Bearer%20${token}`,
  ]) {
    const reply = await get(`/?${query}`)
    expect([query.slice(0, 20), reply.status, reply.body]).toEqual([query.slice(0, 20), 401, '{}'])
  }
  expect([handled(), as.calls.total]).toEqual([0, 0])
  // The operator hears why a client gets nowhere, and not with what.
  expect(events[0]).toMatchObject({
    reason: 'credentials_missing',
    detail: 'a token came in the query, where none is read',
  })
  expect(JSON.stringify(events)).not.toContain(token)
})

verifies(
  'BT-22',
  'a token in the query beside one in the header is ignored, or refused; nothing takes it',
  async (face) => {
    const ignoring = await api(face)
    for (const query of ['?access_token=x', `?access_token=${ignoring.as.opaque()}`]) {
      expect((await ignoring.get(`/${query}`, ignoring.as.jwt())).status).toBe(200)
    }

    const { as, get, reasons, handled } = await api(face, { options: { credentials: { query: 'reject' } } })
    const token = as.jwt()
    for (const query of ['access_token=x', `access_token=${token}`, 'access_token', 'a=1&access%5Ftoken=']) {
      for (const fields of [header(token), []]) {
        const reply = await get(`/?${query}`, fields)
        expect([query, reply.status, JSON.parse(reply.body).error]).toEqual([query, 400, 'invalid_request'])
      }
    }
    expect([new Set(reasons()), handled(), as.calls.total]).toEqual([new Set(['credentials_in_query']), 0, 0])
    // Other parameters are none of our business.
    expect((await get('/?token=x&xaccess_token=y&a=access_token', token)).status).toBe(200)

    const given = { issuer: 'https://as.test', audience: AUDIENCE }
    for (const query of ['accept', 'allow', true]) {
      expect(() => face.protect({ ...given, credentials: { query } } as never)).toThrow(ConfigError)
    }
    expect(() => face.protect({ ...given, queryToken: 'reject' } as never)).toThrow(
      `unknown option "queryToken"; write credentials: { query: 'reject' }`,
    )
  },
)

verifies('BT-23', 'a token in a form is read only where that is configured', async (face) => {
  const off = await formApi(face, {})
  const refused = await off.send('POST', '/', FORM, `access_token=${off.as.jwt()}`)
  expect([refused.status, refused.body, off.handled()]).toEqual([401, '{}', 0])

  const { as, send, handled } = await formApi(face)
  for (const token of [as.jwt(), as.opaque()]) {
    expect((await send('POST', '/', FORM, `a=1&access_token=${encodeURIComponent(token)}&b=2`)).status).toBe(200)
  }
  expect(handled()).toBe(2)
  expect((await send('POST', '/', [...FORM, ...header(as.jwt())], 'a=1')).status).toBe(200)
})

verifies('BT-24', 'only a form counts, and only by a method whose body has a meaning', async (face) => {
  const { as, send, handled } = await formApi(face)
  const token = as.jwt()
  const body = `access_token=${token}`
  for (const [type, text] of [
    ['application/json', JSON.stringify({ access_token: token })],
    ['multipart/form-data; boundary=x', MULTIPART.replace('TOKEN', token)],
    ['text/plain', body],
    ['application/octet-stream', body],
    ['application/x-www-form-urlencoded+json', body],
  ] as const) {
    const reply = await send('POST', '/', ['Content-Type', type], text)
    expect([type, reply.status, reply.body]).toEqual([type, 401, '{}'])
  }
  expect((await send('POST', '/', [], body)).status).toBe(401)
  for (const method of ['GET', 'DELETE', 'OPTIONS']) {
    const reply = await send(method, '/', FORM, body)
    expect([method, reply.status, reply.body]).toEqual([method, 401, '{}'])
  }
  expect((await send('HEAD', '/', FORM, body)).status).toBe(401)
  expect(handled()).toBe(0)
  for (const method of ['POST', 'PUT', 'PATCH']) expect((await send(method, '/', FORM, body)).status).toBe(200)
  const upper = ['Content-Type', 'Application/X-WWW-Form-Urlencoded; charset=UTF-8']
  expect((await send('POST', '/', upper, body)).status).toBe(200)
})

verifies('BT-24', 'what a parser made of a body of another type is not looked at', async (face) => {
  const { as, server } = await api(face, { options: { credentials: { form: true } } })
  const request = { method: 'POST', body: { access_token: as.jwt() } }
  for (const type of ['application/json', 'multipart/form-data; boundary=x', 'text/plain']) {
    const asked = server.authenticate({ ...request, rawHeaders: ['Content-Type', type] })
    await expect(asked).rejects.toMatchObject({ reason: 'credentials_missing' })
  }
  const two = server.authenticate({ ...request, rawHeaders: [...FORM, 'Content-Type', 'application/json'] })
  await expect(two).rejects.toMatchObject({ reason: 'credentials_missing' })
  expect(await server.authenticate({ ...request, rawHeaders: FORM })).toMatchObject({ subject: 'test-user' })
})

verifies('BT-25', 'a form that carries a token has it once, and is ASCII', async (face) => {
  const { as, send, handled, reasons } = await formApi(face)
  const token = as.jwt()
  for (const body of [
    'access_token=a&access_token=b',
    `access_token=${token}&access_token=${token}`,
    `access_token=${token}&access_token=`,
    `access_token=${token}&name=%C3%A4`,
    `access_token=${token}&n%C3%A4me=a`,
    `access_token=${token}&name=ä`,
    'access_token=',
    'access_token',
    'access_token=a+b',
  ]) {
    const reply = await send('POST', '/', FORM, body)
    expect([body.slice(-20), reply.status, JSON.parse(reply.body).error]).toEqual([
      body.slice(-20),
      400,
      'invalid_request',
    ])
  }
  const bad = await send('POST', '/', FORM, 'access_token=%C3%A4')
  expect([bad.status, handled(), new Set(reasons())]).toEqual([400, 0, new Set(['credentials_malformed'])])
  // A form without a token may say what it likes.
  expect((await send('POST', '/', [...FORM, ...header(token)], 'name=%C3%A4')).status).toBe(200)
})

verifies('BT-25', 'a parameter that a parser made more of is refused', async (face) => {
  const { as, server } = await api(face, { options: { credentials: { form: true } } })
  for (const parsed of [[as.jwt()], [as.jwt(), 'x'], { x: as.jwt() }, {}, 7, null, true]) {
    const asked = server.authenticate({ method: 'POST', rawHeaders: FORM, body: { access_token: parsed } })
    await expect(asked).rejects.toMatchObject({ status: 400, code: 'invalid_request' })
  }
})

verifies('BT-26', 'a token in two places is refused, equal or not', async (face) => {
  const { as, send, get, handled, reasons } = await formApi(face, {
    form: true,
    extract: ({ url = '' }: { readonly url?: string }) => new URLSearchParams(url.split('?')[1]).get('t') ?? undefined,
  })
  const [token, other] = [as.jwt(), as.opaque()]
  for (const second of [token, other, 'x']) {
    const replies = [
      await send('POST', '/', [...FORM, ...header(token)], `access_token=${second}`),
      await get(`/?t=${second}`, header(token)),
      await send('POST', `/?t=${second}`, FORM, `access_token=${token}`),
    ]
    expect(replies.map(({ status }) => status)).toEqual([400, 400, 400])
  }
  expect([handled(), new Set(reasons()), as.calls.total]).toEqual([0, new Set(['credentials_repeated']), 0])
  // Another scheme is no token.
  const basic = await send('POST', '/', [...FORM, 'Authorization', 'Basic Zm9v'], `access_token=${token}`)
  expect(basic.status).toBe(200)
})

verifies('BT-27', 'no token is read from a cookie, and nothing here would', async (face) => {
  const { as, get, send, handled } = await formApi(face)
  const token = as.jwt()
  for (const name of ['access_token', 'token', 'jwt', 'Authorization', '__Host-access_token', 'session']) {
    expect((await get('/', ['Cookie', `${name}=${token}`])).status).toBe(401)
    expect((await send('POST', '/', [...FORM, 'Cookie', `${name}=Bearer ${token}`], 'a=1')).status).toBe(401)
  }
  expect(handled()).toBe(0)
  const cookie = { issuer: 'https://as.test', audience: AUDIENCE, credentials: { cookie: 'token' } }
  expect(() => face.protect(cookie as never)).toThrow(
    'unknown option "credentials.cookie"; the options here are "query", "form", "extract"',
  )
})

verifies('BT-38', 'optional lets visitors pass, and nobody with bad credentials', async (face) => {
  const { as, get, send, handled, reasons } = await api(face, {
    protect: { optional: true },
    options: { credentials: { form: true } },
    before: () => [{ is: 'form' }],
  })
  for (const fields of [[], ['Authorization', 'Basic Zm9v'], ['Authorization', '']]) {
    const reply = await get('/', fields)
    expect([reply.status, JSON.parse(reply.body)]).toEqual([200, { anonymous: true }])
  }
  expect(JSON.parse((await get('/', as.jwt({ sub: 'ada' }))).body)).toMatchObject({ subject: 'ada' })
  expect(JSON.parse((await send('POST', '/', FORM, `access_token=${as.jwt({ sub: 'bob' })}`)).body)).toMatchObject({
    subject: 'bob',
  })
  expect(handled()).toBe(5)
  for (const [fields, status] of [
    [header(as.jwt({ expiresIn: '-1m' })), 401],
    [header('unheard-of'), 401],
    [['Authorization', 'Bearer'], 400],
    [['Authorization', 'Bearer a b'], 400],
    [[...header('a'), ...header('b')], 400],
    [[...header('a'), 'Authorization', 'Basic b'], 400],
  ] as const) {
    expect((await get('/', fields)).status).toBe(status)
  }
  expect((await send('POST', '/', FORM, 'access_token=a&access_token=b')).status).toBe(400)
  as.outage()
  expect([(await get('/', as.opaque())).status, handled(), reasons().length]).toEqual([503, 5, 8])
})

verifies('BT-39', 'an extractor gives one token or none, and the same rules hold', async (face) => {
  let given: unknown
  const { as, get, handled, reasons, events } = await api(face, {
    options: {
      maxTokenLength: 300,
      credentials: { extract: () => (given instanceof Error ? Promise.reject(given) : given) },
    },
  })
  const [opaque, unknown] = [as.opaque({ sub: 'ada' }), 'unheard-of']
  const outcome = async (value: unknown): Promise<unknown> => {
    given = value
    const { status, body } = await get('/')
    return status === 200 ? (JSON.parse(body) as { subject: string }).subject : [status, reasons().at(-1)]
  }
  expect(await outcome(opaque)).toBe('ada')
  expect(await outcome(undefined)).toEqual([401, 'credentials_missing'])
  for (const value of [null, 7, true, [opaque], [opaque, opaque], { token: opaque }, () => opaque, '', 'a b', 'a, b']) {
    expect([value, await outcome(value)]).toEqual([value, [400, 'credentials_malformed']])
  }
  expect(await outcome(Promise.resolve(opaque))).toEqual([400, 'credentials_malformed'])
  expect(await outcome(new Error('late'))).toEqual([400, 'credentials_malformed'])
  expect(await outcome('a%b')).toEqual([401, 'token_malformed'])
  expect(await outcome('a'.repeat(301))).toEqual([401, 'token_too_long'])
  expect(await outcome(unknown)).toEqual([401, 'token_inactive'])
  expect([handled(), JSON.stringify(events).includes(opaque)]).toEqual([1, false])
})

verifies('BT-39', 'an extractor sees the request; what it throws is a mistake of the application', async (face) => {
  const { as, get, send, reasons, events } = await api(face, {
    routes: { '/broken': [] },
    options: { credentials: { extract: fromOwnField } },
  })
  const fields = ['X-Token', as.jwt({ sub: 'ada' })]
  expect(JSON.parse((await get('/', fields)).body)).toMatchObject({ subject: 'ada' })
  expect((await send('POST', '/', fields)).status).toBe(401)
  const broken = await get('/broken', fields)
  expect([broken.status, broken.body, reasons().at(-1)]).toEqual([500, '{}', 'extract_failed'])
  expect(events).toContainEqual(expect.objectContaining({ type: 'advice', code: 'HOLDFAST_EXTRACT_FAILED' }))
  expect(JSON.stringify(events)).not.toContain('hunter2')

  const given = { issuer: 'https://as.test', audience: AUDIENCE }
  for (const wrong of ['x-token', async () => 'x', {}]) {
    expect(() => face.protect({ ...given, credentials: { extract: wrong } } as never)).toThrow(
      /^option "credentials\.extract" is .*; write a function of a request that returns a token or undefined, and no promise$/,
    )
  }
})
