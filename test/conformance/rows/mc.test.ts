import * as core from '@holdfast/core'
import {
  ConfigError,
  createResourceServer,
  rawTokenOf,
  type ResourceServerOptions,
  scope,
  unauthenticated,
} from '@holdfast/core'
import * as express from '@holdfast/express'
import * as koa from '@holdfast/koa'
import type { OptionsOverrides } from '@holdfast/testing'
import { Agent, request } from 'node:http'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { verifies } from '../verifies.ts'
import { api, type Plan } from '../world.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const RESOURCE = 'https://api.example/mcp'
const REALM = `realm="${RESOURCE}"`
const METADATA = `resource_metadata="https://api.example${WELL_KNOWN}/mcp"`

/** A server of the Model Context Protocol: its audience is its own URL. */
const mcp = (more: OptionsOverrides = {}): OptionsOverrides => ({ profile: 'mcp', audience: RESOURCE, ...more })
const plan = (more: OptionsOverrides = {}): Plan => ({
  as: { audience: RESOURCE },
  options: mcp(more),
  before: (server) => [{ is: 'resourceMetadata', server }],
})

const ISSUER = 'https://as.test'
/** What the server says to options that it refuses. */
function refusal(options: object): string {
  try {
    createResourceServer({ profile: 'mcp', ...options } as ResourceServerOptions)
    return 'accepted'
  } catch (error) {
    return error instanceof ConfigError ? error.message : String(error)
  }
}

verifies(['MC-01', 'MC-02'], 'the profile needs a resource and an authorization server', () => {
  expect(refusal({ issuer: ISSUER, audience: 'orders' })).toBe(
    `option "resource" is missing: profile 'mcp' publishes it; write the https URL of the MCP server, such as 'https://api.example.com/mcp'`,
  )
  expect(refusal({ audience: RESOURCE, resource: RESOURCE })).toMatch(/^option "issuer" is missing/)
  expect(refusal({ issuers: [], audience: RESOURCE })).toMatch(
    /^option "issuers" is a list; write a list with at least one/,
  )
  expect(refusal({ issuer: ISSUER, audience: 'orders', resource: RESOURCE })).toBe('accepted')
  expect(refusal({ issuer: ISSUER, audience: RESOURCE })).toBe('accepted')
  for (const profile of ['MCP', 'jwt', '', true, {}]) {
    expect(refusal({ issuer: ISSUER, audience: RESOURCE, profile })).toMatch(
      /^option "profile" is .*; write 'mcp' or 'fapi2'; /,
    )
  }
})

verifies(
  ['MC-02', 'MC-03'],
  'the document is found from the challenge and at its path, and at the root where it is wanted',
  async (face) => {
    const { get, as } = await api(face, plan({ resourceMetadata: { rootAlias: true } }))
    const challenge = (await get('/')).headers['www-authenticate'] as string
    expect(challenge).toBe(withDpop(`Bearer ${REALM}, ${METADATA}`))
    const named = new URL(/resource_metadata="([^"]*)"/.exec(challenge)![1]!)
    for (const path of [named.pathname, `${WELL_KNOWN}/mcp`, WELL_KNOWN]) {
      const reply = await get(path)
      expect(reply.status).toBe(200)
      expect(JSON.parse(reply.body)).toMatchObject({ resource: RESOURCE, authorization_servers: [as.issuer] })
    }
    const plain = await api(face, plan())
    expect((await plain.get(WELL_KNOWN)).status).toBe(401)
    expect(
      refusal({
        issuer: ISSUER,
        audience: RESOURCE,
        resource: ['https://api.example/a', 'https://api.example/b'],
        resourceMetadata: { rootAlias: true },
      }),
    ).toMatch(/^option "resourceMetadata.rootAlias" is true and there are several resources/)
  },
)

verifies(
  'MC-03',
  'the profile names the document before anything serves it, and protect answers for it',
  async (face) => {
    const { get } = await api(face, { as: { audience: RESOURCE }, options: mcp() })
    expect((await get('/')).headers['www-authenticate']).toBe(withDpop(`Bearer ${REALM}, ${METADATA}`))
    expect((await get(`${WELL_KNOWN}/mcp`)).status).toBe(200)
  },
)

verifies('MC-04', 'a token for another audience is refused, and nobody can switch that off', async (face) => {
  const { as, get, handled } = await api(face, plan())
  for (const audience of [
    'https://api.example',
    'https://api.example/mcp/',
    'https://api.example/mcp2',
    'https://other.example/mcp',
    'mcp',
  ]) {
    for (const token of [as.jwt({ audience }), as.opaque({ audience })]) {
      const reply = await get('/', token)
      expect(reply.status, audience).toBe(401)
      expect(reply.headers['www-authenticate']).toContain('error="invalid_token"')
    }
  }
  const nobodys = as.opaque({ claims: { aud: undefined } })
  expect((await get('/', nobodys)).status).toBe(401)
  expect(handled()).toBe(0)
  for (const token of [as.jwt(), as.opaque({ audience: ['https://other.example', RESOURCE] })]) {
    expect((await get('/', token)).status).toBe(200)
  }
  const introspection = { client: unauthenticated(), audience: 'off' }
  expect(refusal({ audience: RESOURCE, issuers: [{ issuer: ISSUER, introspection, requiredClaims: { a: 1 } }] })).toBe(
    `option "introspection.audience" of "${ISSUER}" is 'off': with profile 'mcp' a token must show that it was issued for this server; write 'required', or 'ifPresent' beside the "requiredClaims" that show it`,
  )
})

verifies(
  ['MC-05', 'MC-06', 'MC-08'],
  '401, 403 and 400 stand for what they should, and say what they should',
  async (face) => {
    const { as, get } = await api(face, { ...plan(), routes: { '/tools': [scope('tools:read', 'tools:call')] } })
    const seen = async (credentials: string | readonly string[]): Promise<readonly unknown[]> => {
      const { status, headers } = await get('/tools', credentials)
      return [status, headers['www-authenticate']]
    }
    const error = (code: string, description: string, more = ''): string => {
      const bearer = `Bearer ${REALM}, error="${code}", error_description="${description}"${more}, ${METADATA}`
      return code.startsWith('invalid_') ? withDpop(bearer) : bearer
    }
    expect(await seen([])).toEqual([401, withDpop(`Bearer ${REALM}, ${METADATA}`)])
    expect(await seen(as.jwt({ expiresIn: '-1m' }))).toEqual([401, error('invalid_token', 'The access token expired')])
    expect(await seen('no-such-token')).toEqual([
      401,
      error('invalid_token', 'The access token is revoked or inactive'),
    ])
    expect(await seen(as.jwt({ scope: 'tools:read' }))).toEqual([
      403,
      error(
        'insufficient_scope',
        'The access token lacks a scope that this request needs',
        ', scope="tools:read tools:call"',
      ),
    ])
    expect(await seen(['Authorization', 'Bearer a b'])).toEqual([
      400,
      error('invalid_request', 'The request carries its credentials in a malformed way'),
    ])
  },
)

verifies('MC-12', 'nothing passes a token on, and one name gives it away', async (face) => {
  const shown: string[] = []
  const { as, get } = await api(face, {
    ...plan(),
    handle: ({ auth }) => {
      shown.push(rawTokenOf(auth()))
      return { status: 200, text: JSON.stringify([auth(), Object.keys(auth())]) }
    },
  })
  for (const token of [as.jwt(), as.opaque()]) {
    const reply = await get('/', token)
    expect(reply.body).not.toContain(token)
    expect(shown.pop()).toBe(token)
    // Of what went out on the network, introspection alone carries the token, to its issuer.
    const carried = as.calls.all.filter((call) => JSON.stringify(call).includes(token))
    expect(carried.map(({ endpoint }) => endpoint)).toEqual(token.includes('.') ? [] : ['introspection'])
  }
  for (const surface of [core, express, koa]) {
    const functions = Object.entries(surface).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []))
    expect(
      functions.filter((name) => /token|forward|pass|upstream|relay|delegate|proxy|fetch/i.test(name)).toSorted(),
    ).toEqual(['bearerToken', 'rawTokenOf'])
  }
})

/** Two requests on one connection. */
function onOneConnection(origin: string, fields: readonly (readonly string[])[]): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const sockets = new Set<unknown>()
  const one = (given: readonly string[]): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request(`${origin}/`, { agent, headers: Object.fromEntries([given]) }, (response) => {
        sockets.add(response.socket)
        response.resume().on('end', () => resolve(response.statusCode!))
      })
      outgoing.on('error', reject).end()
    })
  return (async () => {
    const statuses: number[] = []
    for (const given of fields) statuses.push(await one(given))
    expect(sockets.size).toBe(1)
    agent.destroy()
    return statuses
  })()
}

verifies(
  'MC-13',
  'every request is judged by its own credentials, on one connection and in one session',
  async (face) => {
    const { as, origin, get } = await api(face, plan())
    const token = as.jwt()
    const good = ['Authorization', `Bearer ${token}`]
    const none = ['Mcp-Session-Id', 'session-1']
    expect(await onOneConnection(origin, [good, none, good, ['Authorization', 'Bearer bad'], none])).toEqual([
      200, 401, 200, 401, 401,
    ])
    expect((await get('/', [...good, 'Mcp-Session-Id', 'session-1'])).status).toBe(200)
    expect((await get('/', ['Mcp-Session-Id', 'session-1'])).headers['www-authenticate']).toBe(
      withDpop(`Bearer ${REALM}, ${METADATA}`),
    )
  },
)

verifies('MC-14', 'a token in the query or in a form is never used', async (face) => {
  const { as, get, send, handled, reasons } = await api(face, plan())
  for (const token of [as.jwt(), as.opaque()]) {
    expect((await get(`/?access_token=${token}`)).headers['www-authenticate']).toBe(
      withDpop(`Bearer ${REALM}, ${METADATA}`),
    )
    const type = ['Content-Type', 'application/x-www-form-urlencoded']
    expect((await send('POST', '/', type, `access_token=${token}`)).status).toBe(401)
  }
  expect([handled(), new Set(reasons())]).toEqual([0, new Set(['credentials_missing'])])
  expect(as.calls.introspection).toBe(0)
  expect(refusal({ issuer: ISSUER, audience: RESOURCE, credentials: { form: true } })).toBe(
    `option "credentials.form" is true: with profile 'mcp' tokens come in the header; leave it out`,
  )
  expect(refusal({ issuer: ISSUER, audience: RESOURCE, credentials: { query: 'accept' } })).toMatch(
    /^option "credentials.query" is "accept"/,
  )
})

verifies('MC-15', 'an audience is compared exactly, or without the case of scheme and host', async (face) => {
  const spelled: readonly (readonly [audience: string, canonical: number])[] = [
    ['https://API.example/mcp', 200],
    ['HTTPS://api.EXAMPLE/mcp', 200],
    ['https://api.example/MCP', 401],
    ['https://api.example/mcp/', 401],
    ['https://api.example:443/mcp', 401],
    ['https://api.example/%6Dcp', 401],
    ['https://api.example./mcp', 401],
    ['http://api.example/mcp', 401],
    ['https://user@api.example/mcp', 401],
    ['https://api.example/mcp?', 401],
    ['https://api.example/mcp#', 401],
    ['https://api.example/mcp ', 401],
    // Folding beyond ASCII would make the Kelvin sign a k.
    ['https://api.e\u212aample/mcp', 401],
  ]
  const exact = await api(face, plan())
  const canonical = await api(face, plan({ audienceMatch: 'canonical' }))
  for (const [audience, status] of spelled) {
    for (const kind of ['jwt', 'opaque'] as const) {
      expect((await canonical.get('/', canonical.as[kind]({ audience }))).status, audience).toBe(status)
    }
  }
  for (const [audience] of spelled.slice(0, 3)) {
    expect((await exact.get('/', exact.as.jwt({ audience }))).status, audience).toBe(401)
    expect((await exact.get('/', exact.as.opaque({ audience }))).status, audience).toBe(401)
  }
  expect((await exact.get('/', exact.as.jwt())).status).toBe(200)
  expect((await canonical.get('/', canonical.as.jwt())).status).toBe(200)
})

verifies('MC-15', 'what is configured in upper case is matched in either', async (face) => {
  const audience = ['https://API.Kelvin.example/mcp', 'Orders', 'https://User@api.example/mcp']
  const { as, get } = await api(face, { as: { audience }, options: { audience, audienceMatch: 'canonical' } })
  for (const [named, status] of [
    ['https://api.kelvin.example/mcp', 200],
    ['https://api.\u212aelvin.example/mcp', 401],
    ['Orders', 200],
    ['https://User@api.example/mcp', 200],
    ['https://user@api.example/mcp', 401],
    // What is no URL has no host to fold.
    ['orders', 401],
  ] as const) {
    expect((await get('/', as.jwt({ audience: named }))).status, named).toBe(status)
    expect((await get('/', as.opaque({ audience: named }))).status, named).toBe(status)
  }
  // The audience that handlers see is the token's own.
  const [first] = audience
  expect((await get('/', as.jwt({ audience: first! }))).status).toBe(200)
})

/** What the server says to an issuer with such introspection. */
const issuer = (introspection: object, more = {}): string =>
  refusal({
    audience: RESOURCE,
    issuers: [{ issuer: ISSUER, introspection: { client: unauthenticated(), ...introspection }, ...more }],
  })

verifies('MC-16', 'an opaque token shows for whom it is, by its audience or by claims that are named', async (face) => {
  expect(issuer({ audience: 'ifPresent' })).toContain(`is 'ifPresent': with profile 'mcp' a token must show`)
  expect(issuer({ audience: 'off' })).toContain(`is 'off': with profile 'mcp' a token must show`)
  expect(issuer({})).toBe('accepted')
  expect(issuer({ audience: 'ifPresent' }, { requiredClaims: { client_app: 'mcp' } })).toBe('accepted')
  const { as, get } = await api(
    face,
    plan({ introspection: { audience: 'ifPresent' }, requiredClaims: { recipient: 'mcp' } }),
  )
  const recipients = [
    [{ aud: undefined, recipient: 'mcp' }, 200],
    [{ aud: undefined, recipient: 'other' }, 401],
    [{ aud: undefined }, 401],
    [{ recipient: 'mcp', aud: 'https://other.example' }, 401],
  ] as const
  for (const [claims, status] of recipients) {
    expect((await get('/', as.opaque({ claims }))).status, JSON.stringify(claims)).toBe(status)
  }
})
