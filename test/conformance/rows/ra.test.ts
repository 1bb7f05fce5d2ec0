import { anyScope, type AuthContext, detail, type DetailGuard, detailType, every, scope, some } from '@holdfast/core'
import type { TestAuthorizationServer } from '@holdfast/testing'
import { expect } from 'vitest'
import type { Face } from '../faces.ts'
import type { Reply } from '../http.ts'
import { expectInvalid, expectUnavailable } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE, type Plan } from '../world.ts'

type Details = readonly object[]

/** Both kinds of token with these details. */
function tokens(as: TestAuthorizationServer, details: unknown, scopes = ''): readonly string[] {
  const claims = { authorization_details: details }
  return [as.jwt({ scope: scopes, claims }), as.opaque({ scope: scopes, claims })]
}

/** What both kinds of token with these details get: the same, or else a list. */
async function outcome({ as, get }: Api, path: string, details: Details, scopes = ''): Promise<unknown> {
  const replies = []
  for (const token of tokens(as, details, scopes)) replies.push((await get(path, token)).status)
  return replies[0] === replies[1] ? replies[0] : replies
}

const guarded = (face: Face, guards: Readonly<Record<string, DetailGuard>>, plan: Plan = {}): Promise<Api> => {
  const routes = Object.fromEntries(Object.entries(guards).map(([path, guard]) => [path, [guard]]))
  return api(face, { routes, ...plan })
}

const MALFORMED = [
  {},
  { type: 'payment' },
  'payment',
  '[{"type":"payment"}]',
  7,
  true,
  ['payment'],
  [null],
  [[{ type: 'payment' }]],
  [{}],
  [{ type: 'payment' }, { actions: ['read'] }],
  [{ type: 7 }],
  [{ type: ['payment'] }],
]

verifies('RA-01', 'details of another shape make a JWT malformed', async (face) => {
  const { as, get, reasons, handled } = await api(face)
  for (const details of [...MALFORMED, null]) {
    expectInvalid(await get('/', as.jwt({ claims: { authorization_details: details } })))
  }
  expect(new Set(reasons())).toEqual(new Set(['claims_malformed']))
  expect(handled()).toBe(0)
  for (const details of [[], [{ type: 'payment' }], [{ type: '' }], undefined]) {
    expect((await get('/', as.jwt({ claims: { authorization_details: details } }))).status).toBe(200)
  }
})

verifies('RA-02', 'details of another shape make an answer no verdict', async (face) => {
  const { as, get, events } = await api(face)
  for (const details of MALFORMED) {
    expectUnavailable(await get('/', as.opaque({ claims: { authorization_details: details } })))
    expect((await get('/', as.opaque({ claims: { authorization_details: [{ type: 'payment' }] } }))).status).toBe(200)
  }
  const troubles = events.flatMap((event) => (event.type === 'introspection' ? (event.trouble ?? []) : []))
  expect(new Set(troubles)).toEqual(new Set(['malformed']))
  // Servers send null for what they do not know.
  expect((await get('/', as.opaque({ claims: { authorization_details: null } }))).status).toBe(200)
})

verifies('RA-02', 'an answer about a JWT takes details away and adds none', async (face) => {
  const write = detail({ type: 'a', actions: ['write'] })
  const read = detail({ type: 'a', actions: ['read'] })
  const options = { jwt: { mode: 'online' } } as const
  const { as, get } = await guarded(face, { '/write': write, '/read': read }, { options })
  const [reading, writing] = [
    { type: 'a', actions: ['read'] },
    { type: 'a', actions: ['write'] },
  ]
  const judged = async (granted: Details, answered: unknown): Promise<readonly number[]> => {
    const token = as.jwt({ claims: { authorization_details: granted } })
    const body = { active: true, token_type: 'Bearer', aud: AUDIENCE, authorization_details: answered }
    as.respond('introspection', { body })
    return [(await get('/write', token)).status, (await get('/read', token)).status]
  }
  expect(await judged([reading, writing], undefined)).toEqual([200, 200])
  expect(await judged([reading, writing], [reading])).toEqual([403, 200])
  expect(await judged([reading], [reading, writing])).toEqual([403, 200])
  expect(await judged([reading, writing], [])).toEqual([403, 403])
})

verifies('RA-03', 'any of several entries of one type may do', async (face) => {
  const one = await guarded(face, { '/write': detail({ type: 'a', actions: ['write'] }) })
  const [reading, writing] = [
    { type: 'a', actions: ['read'] },
    { type: 'a', actions: ['write'] },
  ]
  expect(await outcome(one, '/write', [reading, writing])).toBe(200)
  expect(await outcome(one, '/write', [writing, reading])).toBe(200)
  expect(await outcome(one, '/write', [reading, reading])).toBe(403)
})

verifies('RA-04', 'rights of different entries are never added up', async (face) => {
  const [here, there] = ['https://pay.example/a', 'https://pay.example/b']
  const one = await guarded(face, {
    '/here': detail({ type: 'a', actions: ['write'], locations: [here] }),
    '/both': detail({ type: 'a', actions: ['read', 'write'] }),
  })
  const apart = [
    { type: 'a', actions: ['read'], locations: [here] },
    { type: 'a', actions: ['write'], locations: [there] },
  ]
  expect(await outcome(one, '/here', apart)).toBe(403)
  expect(await outcome(one, '/here', [{ type: 'a', actions: ['write', 'read'], locations: [there, here] }])).toBe(200)
  const split = [
    { type: 'a', actions: ['read'] },
    { type: 'a', actions: ['write'] },
  ]
  expect(await outcome(one, '/both', split)).toBe(403)
  expect(await outcome(one, '/both', [{ type: 'a', actions: ['read', 'write'] }])).toBe(200)
})

verifies('RA-05', 'an entry allows every combination of its fields', async (face) => {
  const needs = [
    { actions: ['w'], datatypes: ['b'] },
    { actions: ['r', 'w'], datatypes: ['b', 'a'] },
    { privileges: ['admin'], identifier: 'account-1', actions: ['r'] },
  ]
  const guards = Object.fromEntries(needs.map((need, index) => [`/${index}`, detail({ type: 'a', ...need })]))
  const one = await guarded(face, guards)
  const entry = {
    type: 'a',
    actions: ['r', 'w'],
    datatypes: ['a', 'b'],
    privileges: ['admin'],
    identifier: 'account-1',
  }
  for (const path of Object.keys(guards)) expect(await outcome(one, path, [entry])).toBe(200)
  expect(await outcome(one, '/1', [{ ...entry, datatypes: ['b'] }])).toBe(403)
  expect(await outcome(one, '/2', [{ ...entry, identifier: 'account-2' }])).toBe(403)
  expect(await outcome(one, '/2', [{ ...entry, privileges: [] }])).toBe(403)
})

verifies('RA-06', 'a common field of a wrong type matches nothing', async (face) => {
  const one = await guarded(face, {
    '/read': detail({ type: 'a', actions: ['read'] }),
    '/any': detail({ type: 'a' }),
  })
  const wrong = [
    { actions: 'read' },
    { actions: ['read', 1] },
    { actions: { 0: 'read', length: 1 } },
    { actions: ['read'], identifier: ['x'] },
    { actions: ['read'], datatypes: 'x' },
    { actions: ['read'], privileges: null },
    { actions: ['read'], locations: AUDIENCE },
  ]
  for (const fields of wrong) {
    expect(await outcome(one, '/read', [{ type: 'a', ...fields }])).toBe(403)
    expect(await outcome(one, '/any', [{ type: 'a', ...fields }])).toBe(403)
  }
  expect(await outcome(one, '/read', [{ type: 'a', actions: ['read'], anything: 7 }])).toBe(200)
})

verifies('RA-07', 'an absent field allows nothing, unless the type says that it is no limit', async (face) => {
  const lenient = detailType('a', { unlimitedWithout: ['locations', 'identifier'] })
  const asked = { actions: ['read'], locations: [AUDIENCE], identifier: 'x' }
  const one = await guarded(face, {
    '/strict': detail({ type: 'a', ...asked }),
    '/lenient': detail({ type: lenient, ...asked }),
  })
  const whole = { type: 'a', ...asked }
  expect(await outcome(one, '/strict', [whole])).toBe(200)
  for (const name of Object.keys(asked)) {
    const { [name]: _, ...entry } = whole as Record<string, unknown>
    expect(await outcome(one, '/strict', [entry])).toBe(403)
    expect(await outcome(one, '/lenient', [entry])).toBe(name === 'actions' ? 403 : 200)
  }
  expect(await outcome(one, '/lenient', [{ ...whole, identifier: 'y' }])).toBe(403)
})

verifies('RA-08', 'texts are compared exactly', async (face) => {
  const one = await guarded(
    face,
    { '/': detail({ type: 'payment', actions: ['read'], locations: [AUDIENCE] }) },
    {
      routes: { '/read': [detail({ type: 'payment', actions: ['read'], locations: [AUDIENCE] })] },
    },
  )
  const good = { type: 'payment', actions: ['read'], locations: [AUDIENCE] }
  const others = [
    { type: 'Payment' },
    { type: 'payment ' },
    { actions: ['Read'] },
    { actions: [' read'] },
    { actions: ['reads'] },
    { actions: ['r\u0435ad'] },
    { actions: ['*'] },
    { actions: ['read write'] },
    { locations: [`${AUDIENCE}/`] },
    { locations: ['HTTPS://api.example.com'] },
    { locations: ['https://api.example.com:443'] },
  ]
  expect(await outcome(one, '/read', [good])).toBe(200)
  for (const other of others) expect(await outcome(one, '/read', [{ ...good, ...other }])).toBe(403)
})

const at = (...locations: readonly string[]): Details => [{ type: 'a', locations }]

verifies('RA-09', 'an entry for other servers is ignored', async (face) => {
  const [pay, resource] = ['https://pay.example/v1', 'https://api.example.com/v1']
  const guards = { '/any': detail({ type: 'a' }), '/pay': detail({ type: 'a', locations: [pay] }) }
  const one = await guarded(face, guards, { options: { resource } })
  expect(await outcome(one, '/any', at('https://other.example'))).toBe(403)
  expect(await outcome(one, '/any', at())).toBe(403)
  expect(await outcome(one, '/any', at(`${AUDIENCE}/accounts`))).toBe(403)
  expect(await outcome(one, '/any', at(pay))).toBe(403) // ours only where a guard says so
  expect(await outcome(one, '/any', at('https://other.example', AUDIENCE))).toBe(200)
  expect(await outcome(one, '/any', at(resource))).toBe(200)
  expect(await outcome(one, '/any', [{ type: 'a' }])).toBe(200)
  expect(await outcome(one, '/pay', at(pay))).toBe(200)
  expect(await outcome(one, '/pay', at(AUDIENCE))).toBe(403)
})

verifies('RA-10', 'scope and details are combined as a route says', async (face) => {
  const entry = detail({ type: 'a' })
  const one = await api(face, {
    routes: {
      '/both': [every(scope('pay'), entry)],
      '/either': [some(scope('pay'), entry)],
      '/scope': [scope('pay')],
      '/details': [entry],
    },
  })
  const granted: Details = [{ type: 'a' }]
  const seen = []
  for (const path of ['/both', '/either', '/scope', '/details']) {
    seen.push([
      await outcome(one, path, granted, 'pay'),
      await outcome(one, path, granted),
      await outcome(one, path, [], 'pay'),
      await outcome(one, path, []),
    ])
  }
  expect(seen).toEqual([
    [200, 403, 403, 403],
    [200, 200, 200, 403],
    [200, 403, 200, 403],
    [200, 200, 403, 403],
  ])
})

const LACKING = 'The access token lacks authorization details that this request needs'
const challenge = (more = ''): string =>
  `Bearer realm="${AUDIENCE}", error="insufficient_scope", error_description="${LACKING}"${more}`

const said = ({ status, headers, body }: Reply): readonly unknown[] => [
  status,
  headers['www-authenticate'],
  JSON.parse(body),
]

verifies(['RA-11', 'CH-27'], 'details that are lacking are 403 insufficient_scope, and not named', async (face) => {
  const entry = detail({ type: 'secret-type', actions: ['secret-action'], locations: ['https://secret.example'] })
  const { as, get, reasons } = await api(face, {
    routes: { '/details': [entry], '/both': [entry, scope('a', 'b')], '/any': [entry, anyScope('c', 'd')] },
  })
  const body = { error: 'insufficient_scope', error_description: LACKING }
  for (const token of tokens(as, [{ type: 'secret-type' }], 'a b c')) {
    for (const path of ['/details', '/both', '/any'])
      expect(said(await get(path, token))).toEqual([403, challenge(), body])
  }
  for (const token of tokens(as, [], 'a')) {
    expect(said(await get('/both', token))).toEqual([403, challenge(', scope="a b"'), body])
    expect(said(await get('/any', token))).toEqual([403, challenge(', scope="c"'), body])
  }
  expect(new Set(reasons())).toEqual(new Set(['details_insufficient']))
})

interface Payment {
  readonly type: string
  readonly amount: number
  readonly [name: string]: never | string | number
}
const isPayment = (entry: object): entry is Payment => {
  const { amount } = entry as { amount?: unknown }
  if (amount === 'unheard of') throw new TypeError('unheard of')
  return typeof amount === 'number'
}

verifies('RA-12', 'unknown types are ignored, and a check says what an entry of a type is', async (face) => {
  const payment = detailType('payment', { check: isPayment })
  const small = detail({ type: payment, where: ({ amount }) => amount <= 100 })
  const allowed: unknown[] = []
  const one = await api(face, {
    routes: { '/small': [small] },
    handle: ({ maybeAuth }) => {
      allowed.push(small.entries(maybeAuth() as AuthContext).map(({ amount }) => amount))
      return { status: 200, text: '' }
    },
  })
  const [strange, wrong, odd] = [
    { type: 'unknown', amount: 1, actions: 7 },
    { type: 'payment', amount: '1' },
    { type: 'payment', amount: 'unheard of' },
  ]
  expect(await outcome(one, '/small', [strange, wrong, odd])).toBe(403)
  expect(await outcome(one, '/small', [{ type: 'payment', amount: 101 }])).toBe(403)
  expect(await outcome(one, '/small', [strange, wrong, odd, { type: 'payment', amount: 100 }])).toBe(200)
  expect(allowed).toEqual([[100], [100]])
})

verifies('RA-13', 'the metadata lists the types', async (face) => {
  const authorizationDetailsTypesSupported = [
    detailType('payment_initiation'),
    'account_information',
    'payment_initiation',
  ]
  const { get } = await api(face, {
    before: (server) => [{ is: 'resourceMetadata', server }],
    options: { resourceMetadata: { authorizationDetailsTypesSupported } },
  })
  const document = JSON.parse((await get('/.well-known/oauth-protected-resource')).body) as Record<string, unknown>
  expect(document['authorization_details_types_supported']).toEqual(['payment_initiation', 'account_information'])
})

verifies('RA-13', 'where none is configured it lists none', async (face) => {
  const { get } = await api(face, { before: (server) => [{ is: 'resourceMetadata', server }] })
  expect((await get('/.well-known/oauth-protected-resource')).body).not.toContain('authorization_details')
})

const many = (count: number): Details => [...Array.from({ length: count }, () => ({ type: 'a' })), { type: 'last' }]
const deep = (levels: number): object => (levels === 0 ? {} : { x: deep(levels - 1) })

verifies('RA-14', 'details obey the limits of JSON', async (face) => {
  const one = await guarded(face, { '/last': detail({ type: 'last' }) }, { options: { maxTokenLength: 65_536 } })
  const { as, get, server, reasons } = one
  expect(await outcome(one, '/last', many(600))).toBe(200)
  expect(await outcome(one, '/last', [{ type: 'last', x: deep(10) }])).toBe(200)
  const [tooDeep, alsoTooDeep] = tokens(as, [{ type: 'last', x: deep(14) }])
  expectInvalid(await get('/last', tooDeep))
  expectUnavailable(await get('/last', alsoTooDeep))
  // No server would read a header field of that size.
  expect(await server.verify(as.jwt({ claims: { authorization_details: many(2_000) } }))).toMatchObject({
    outcome: 'invalid',
    reason: 'token_malformed',
  })
  expectUnavailable(await get('/last', as.opaque({ claims: { authorization_details: many(2_000) } })))
  expect(reasons().slice(0, 2)).toEqual(['token_malformed', 'introspection_unavailable'])
})

verifies('RA-14', 'each entry is looked at once', async (face) => {
  let looks = 0
  const counted = detailType('a', {
    check: (entry): entry is typeof entry => {
      looks += 1
      return false
    },
  })
  const options = { maxTokenLength: 65_536 }
  const one = await guarded(face, { '/none': detail({ type: counted, actions: ['x'] }) }, { options })
  const entries = Array.from({ length: 300 }, () => ({ type: 'a', actions: ['x'] }))
  expect(await outcome(one, '/none', entries)).toBe(403)
  // Once for the verdict, and once for the challenge, which names all that is lacking; for both kinds of token.
  expect(looks).toBe(4 * entries.length)
})
