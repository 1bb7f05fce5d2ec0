import { type AuthContext, actor, type ActorTest, clientOnly, noActor, userOnly } from '@holdfast/core'
import type { TestAuthorizationServer } from '@holdfast/testing'
import { expect } from 'vitest'
import type { Face } from '../faces.ts'
import { expectInvalid, expectUnavailable } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE, type Plan } from '../world.ts'

type Claims = Readonly<Record<string, unknown>>

const tokens = (as: TestAuthorizationServer, claims: Claims): readonly string[] => [
  as.jwt({ claims }),
  as.opaque({ claims }),
]

/** What both kinds of token with these claims get: the same, or else a list. */
async function outcome({ as, get }: Api, path: string, claims: Claims): Promise<unknown> {
  const replies = []
  for (const token of tokens(as, claims)) {
    const { status, headers } = await get(path, token)
    replies.push(status === 200 ? 200 : `${status} ${headers['www-authenticate'] as string}`)
  }
  return replies[0] === replies[1] ? replies[0] : replies
}

/** No error code and no scope: no other token of the same kind would help. */
const DENIED = `403 Bearer realm="${AUDIENCE}"`

/** An API whose handler says who acts. */
function telling(face: Face, plan: Plan = {}): Promise<Api> {
  return api(face, {
    ...plan,
    handle: ({ maybeAuth }) => {
      const { subject, actor: acting, actorChain } = maybeAuth() as AuthContext
      return {
        status: 200,
        text: JSON.stringify({ subject, actor: acting ?? null, chain: actorChain.map((one) => one.subject) }),
      }
    },
  })
}

async function told({ as, get }: Api, claims: Claims): Promise<unknown> {
  const said = []
  for (const token of tokens(as, claims)) {
    const reply = await get('/', token)
    expect(reply.status).toBe(200)
    said.push(JSON.parse(reply.body))
  }
  expect(said[0]).toEqual(said[1])
  return said[0]
}

const acting = (tests: Readonly<Record<string, ActorTest>>): Plan => ({
  routes: Object.fromEntries(Object.entries(tests).map(([path, test]) => [path, [actor(test)]])),
})

const MALFORMED = [
  'svc',
  [],
  [{ sub: 'svc' }],
  7,
  true,
  { sub: 7 },
  { iss: ['x'], sub: 'svc' },
  { sub: 'svc', act: 'x' },
]

verifies('DE-01', 'act names the current actor, and sub stays the subject', async (face) => {
  const one = await telling(face)
  expect(await told(one, { sub: 'ada', act: { sub: 'svc', client_id: 'bff' } })).toEqual({
    subject: 'ada',
    actor: { issuer: one.as.issuer, subject: 'svc', claims: { sub: 'svc', client_id: 'bff' } },
    chain: ['svc'],
  })
})

verifies('DE-01', 'an act that is no object is malformed', async (face) => {
  const { as, get, reasons, handled } = await api(face)
  for (const act of [...MALFORMED, null]) expectInvalid(await get('/', as.jwt({ claims: { act } })))
  expect(new Set(reasons())).toEqual(new Set(['claims_malformed']))
  expect(handled()).toBe(0)
  expect((await get('/', as.jwt({ claims: { act: { sub: 'svc' } } }))).status).toBe(200)
})

verifies('DE-02', 'only the outermost actor counts', async (face) => {
  const one = await api(face, {
    routes: { '/16': [actor('svc16')], '/77': [actor('svc77')], '/user': [userOnly()], '/client': [clientOnly()] },
  })
  const act = { sub: 'svc16', auth_time: 1, act: { sub: 'svc77' } }
  expect(await outcome(one, '/16', { act })).toBe(200)
  expect(await outcome(one, '/77', { act })).toBe(DENIED)
  // What is said of an actor is not said of the subject.
  expect(await outcome(one, '/user', { sub: 'ada', act })).toBe(DENIED)
  expect(await outcome(one, '/user', { sub: 'ada', auth_time: 1, act })).toBe(200)
  expect(await outcome(one, '/client', { sub: 'app', client_id: 'svc16', act })).toBe(DENIED)
})

verifies('DE-03', 'times and audiences inside act have no effect', async (face) => {
  const one = await api(face, acting({ '/svc': 'svc' }))
  const now = Math.floor(one.as.clock.wall() / 1_000)
  const inside = [
    { exp: now - 1_000 },
    { nbf: now + 1_000, iat: now + 1_000 },
    { aud: 'https://other.example' },
    { exp: 'never', aud: 7, scope: [], cnf: 'x' },
  ]
  for (const more of inside) expect(await outcome(one, '/svc', { act: { sub: 'svc', ...more } })).toBe(200)
})

verifies('DE-04', 'may_act makes nobody an actor', async (face) => {
  const plan = { routes: { '/admin': [actor('admin')], '/nobody': [noActor()] } }
  const one = await telling(face, plan)
  for (const may of [{ sub: 'admin' }, { sub: 'admin', act: { sub: 'admin' } }, 'admin', [{ sub: 'admin' }]]) {
    expect(await told(one, { sub: 'ada', may_act: may })).toEqual({ subject: 'ada', actor: null, chain: [] })
    expect(await outcome(one, '/admin', { may_act: may })).toBe(DENIED)
    expect(await outcome(one, '/nobody', { may_act: may })).toBe(200)
  }
})

verifies('DE-05', 'act of an answer counts the same', async (face) => {
  const { as, get, events } = await api(face, { routes: { '/svc': [actor('svc')], '/nobody': [noActor()] } })
  const token = as.opaque({ claims: { act: { sub: 'svc' } } })
  expect([(await get('/svc', token)).status, (await get('/nobody', token)).status]).toEqual([200, 403])
  for (const act of MALFORMED) {
    expectUnavailable(await get('/', as.opaque({ claims: { act } })))
    expect((await get('/', as.opaque())).status).toBe(200)
  }
  const troubles = events.flatMap((event) => (event.type === 'introspection' ? (event.trouble ?? []) : []))
  expect(new Set(troubles)).toEqual(new Set(['malformed']))
})

verifies('DE-05', 'it counts where a JWT is introspected, and where few members are kept', async (face) => {
  const options = { jwt: { mode: 'online' }, introspection: { pick: ['tenant'] } } as const
  const { as, get } = await api(face, { routes: { '/svc': [actor('svc')], '/nobody': [noActor()] }, options })
  const statuses = async (token: string): Promise<readonly number[]> => [
    (await get('/svc', token)).status,
    (await get('/nobody', token)).status,
  ]
  const body = { active: true, aud: AUDIENCE, act: { sub: 'svc' } }
  expect(await statuses(as.jwt({ claims: { act: { sub: 'svc' } } }))).toEqual([200, 403])
  as.respond('introspection', { body })
  expect(await statuses(as.jwt())).toEqual([200, 403])
  expect(await statuses(as.opaque())).toEqual([200, 403])
})

verifies('DE-06', 'the actor and the chain of actors can be read', async (face) => {
  const one = await telling(face)
  const act = { sub: 'a', act: { iss: 'https://other.example', sub: 'b', act: { sub: 'c' } } }
  expect(await told(one, { sub: 'ada', act })).toMatchObject({ actor: { subject: 'a' }, chain: ['a', 'b', 'c'] })
  expect(await told(one, { sub: 'ada' })).toEqual({ subject: 'ada', actor: null, chain: [] })
})

verifies('DE-06', 'a chain of a thousand actors is refused', async (face) => {
  const { as, get, reasons } = await api(face, { options: { maxTokenLength: 65_536 } })
  const nested = (levels: number): object => (levels === 0 ? {} : { act: nested(levels - 1) })
  expectInvalid(await get('/', as.jwt({ claims: { act: nested(1_000) } })))
  expect(reasons()).toEqual(['token_malformed'])
  expectUnavailable(await get('/', as.opaque({ claims: { act: nested(1_000) } })))
  expect((await get('/', as.jwt({ claims: { act: nested(10) } }))).status).toBe(200)
})

verifies('DE-06', 'guards ask for an actor, or for none', async (face) => {
  const routes = {
    '/nobody': [noActor()],
    '/some': [actor(['svc', 'other'])],
    '/bff': [actor(({ claims }) => claims['client_id'] === 'bff')],
    '/odd': [actor((() => 1) as never)],
  }
  const one = await api(face, { routes })
  expect(await outcome(one, '/nobody', { act: { sub: 'svc' } })).toBe(DENIED)
  expect(await outcome(one, '/nobody', { act: {} })).toBe(DENIED)
  expect(await outcome(one, '/nobody', {})).toBe(200)
  expect(await outcome(one, '/some', { act: { sub: 'other' } })).toBe(200)
  expect(await outcome(one, '/some', { act: { sub: 'Other' } })).toBe(DENIED)
  expect(await outcome(one, '/some', {})).toBe(DENIED)
  expect(await outcome(one, '/bff', { act: { sub: 'x', client_id: 'bff' } })).toBe(200)
  expect(await outcome(one, '/bff', { client_id: 'bff', act: { sub: 'x' } })).toBe(DENIED)
  expect(await outcome(one, '/odd', { act: { sub: 'x' } })).toBe(DENIED)
  expect(new Set(one.reasons())).toEqual(new Set(['claim_refused']))
  for (const wrong of [undefined, '', [], {}, { subject: 'x' }]) expect(() => actor(wrong as never)).toThrow('actor()')
})

verifies('DE-07', 'actors are compared by issuer and subject', async (face) => {
  const partner = 'https://partner.example'
  const one = await api(face, acting({ '/own': 'svc', '/partner': { issuer: partner, subject: 'svc' } }))
  const { issuer } = one.as
  expect(await outcome(one, '/own', { act: { sub: 'svc' } })).toBe(200)
  expect(await outcome(one, '/own', { act: { iss: issuer, sub: 'svc' } })).toBe(200)
  expect(await outcome(one, '/own', { act: { iss: partner, sub: 'svc' } })).toBe(DENIED)
  expect(await outcome(one, '/own', { act: { iss: `${issuer}/`, sub: 'svc' } })).toBe(DENIED)
  expect(await outcome(one, '/partner', { act: { iss: partner, sub: 'svc' } })).toBe(200)
  expect(await outcome(one, '/partner', { act: { sub: 'svc' } })).toBe(DENIED)
  expect(await outcome(one, '/partner', { act: { iss: partner } })).toBe(DENIED)
})

verifies('DE-08', 'client_id is text', async (face) => {
  const { as, get, reasons } = await api(face)
  for (const clientId of [7, null, true, ['app'], { id: 'app' }]) {
    expectInvalid(await get('/', as.jwt({ claims: { client_id: clientId } })))
  }
  expect(new Set(reasons())).toEqual(new Set(['claims_malformed']))
  expectUnavailable(await get('/', as.opaque({ claims: { client_id: 7 } })))
  expect((await get('/', as.jwt({ claims: { client_id: 'app' } }))).status).toBe(200)
})
