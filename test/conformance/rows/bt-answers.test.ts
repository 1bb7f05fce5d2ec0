import { generateKeyPairSync } from 'node:crypto'
import { type Guard, login } from '@holdfast/core'
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { CODES, descriptionOf, type ErrorCode, type Reason, REASONS } from '../../../packages/core/src/errors.ts'
import { parseChallenge } from '../challenges.ts'
import { fieldsOf, PLAN, ROWS } from '../rows.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
/** Refuses for the reason that the token names. */
const asTold: Guard = ({ claims }) => ({ reason: claims['reason'] as Reason, scopes: ['a', 'b'], acrValues: ['gold'] })

verifies('BT-35', 'the body agrees with the challenge', async (face) => {
  const { as, send } = await api(face, PLAN)
  for (const row of ROWS.filter(({ method, expect: { status } }) => method !== 'HEAD' && status >= 400)) {
    const reply = await send(row.method ?? 'GET', row.path ?? '/whoami', fieldsOf(row, as))
    const body = JSON.parse(reply.body) as Record<string, string>
    expect(Object.keys(body).filter((name) => name !== 'error' && name !== 'error_description')).toEqual([])
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.body.length).toBeLessThan(200)
    const { error, error_description } = reply.lines('www-authenticate').map(parseChallenge)[0]?.values ?? {}
    const said = body['error'] === 'access_denied' ? {} : body
    expect([row.does, said['error'], said['error_description']]).toEqual([row.does, error, error_description])
  }
})

verifies('BT-35', 'with errorBody off a refusal has no body, and the same challenge', async (face) => {
  const routes = { '/told': [asTold] }
  const [silent, usual] = [
    await api(face, { routes, options: { challenge: { errorBody: false } } }),
    await api(face, { routes }),
  ]
  for (const reason of [
    'credentials_missing',
    'token_expired',
    'scope_missing',
    'custom',
    'closed',
    'guard_failed',
  ] as const) {
    const reply = await silent.get('/told', silent.as.jwt({ claims: { reason } }))
    const other = await usual.get('/told', usual.as.jwt({ claims: { reason } }))
    expect([reply.status, reply.body, reply.headers['content-type'], reply.headers['content-length']]).toEqual([
      other.status,
      '',
      undefined,
      '0',
    ])
    expect([reply.headers['www-authenticate'], reply.headers['retry-after']]).toEqual([
      other.headers['www-authenticate'],
      other.headers['retry-after'],
    ])
  }
})

verifies('BT-36', 'a description is one of a closed list, whatever the claims are', async (face) => {
  const list = new Set((Object.keys(REASONS) as Reason[]).map(descriptionOf))
  expect(list.size).toBeLessThanOrEqual(20)
  const { as, get } = await api(face)
  const names = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'scope', 'cnf', 'acr', 'events']
  const claims = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.jsonValue(), fc.constant('MARK-ER')), {
    maxKeys: 4,
  })
  const header = fc.dictionary(fc.constantFrom('typ', 'alg', 'kid', 'crit', 'b64', 'cty'), fc.jsonValue(), {
    maxKeys: 2,
  })
  const seen = new Set<string | undefined>()
  for (const [said, headed] of fc.sample(fc.tuple(claims, header), { seed: 36, numRuns: 60 })) {
    const reply = await get('/', as.jwt({ claims: said, header: headed, key: stranger }))
    const { error_description: description } = parseChallenge(reply.headers['www-authenticate'] as string).values
    expect([description, list.has(description)]).toEqual([description, true])
    expect([...Object.values(reply.headers), reply.body].join()).not.toContain('MARK-ER')
    seen.add(description)
  }
  expect(seen.size).toBeGreaterThan(2)
})

verifies('BT-36', 'with describeErrors off no answer has a description', async (face) => {
  const { as, send } = await api(face, { ...PLAN, options: { challenge: { describeErrors: false } } })
  for (const row of ROWS.filter(({ expect: { status } }) => status >= 400)) {
    const reply = await send(row.method ?? 'GET', row.path ?? '/whoami', fieldsOf(row, as))
    expect([reply.headers['www-authenticate'] ?? '', reply.body].join()).not.toContain('error_description')
  }
})

verifies('BT-37', 'a guard sets no code of its own', async (face) => {
  const refusals: readonly object[] = [
    { reason: 'custom', code: 'x"y' },
    { reason: 'custom', error: 'teapot', status: 418 },
    { reason: 'x"y' },
    { reason: 'invalid_token' },
    { reason: 'toString' },
    { code: 'invalid_token' },
    { status: 200 },
  ]
  const routes = Object.fromEntries(refusals.map((refusal, at) => [`/${at}`, [(() => refusal) as unknown as Guard]]))
  const { as, get, handled } = await api(face, { routes })
  for (const path of Object.keys(routes)) {
    const reply = await get(path, as.jwt())
    expect([path, reply.status, reply.headers['www-authenticate'], reply.body]).toEqual([
      path,
      403,
      `Bearer realm="${AUDIENCE}"`,
      '{"error":"access_denied"}',
    ])
  }
  expect(handled()).toBe(0)
})

verifies('BT-37', "the codes are a closed list; another answer is the application's own", async (face) => {
  const codes: readonly ErrorCode[] = Object.keys(CODES) as ErrorCode[]
  expect(codes.every((code) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(code))).toBe(true)
  const { as, get } = await api(face, {
    routes: { '/vault': [login({ acr: 'gold' })] },
    protect: { onRefusal: 'next' },
    onError: (error) => ({ status: 418, text: (error as { code: ErrorCode }).code }),
  })
  const reply = await get('/vault', as.jwt())
  expect([reply.status, reply.body]).toEqual([418, 'insufficient_user_authentication'])
})
