import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { contextOf } from '../src/context.ts'
import { ManualClock } from './support/manual-clock.ts'
import { presented, verifiedToken } from './support/tokens.ts'

const TOKEN = 'secret-token'
const clock = new ManualClock()
const claims = { sub: 'ada', azp: 'app', scope: 'a b', aud: 'https://api.example', sid: '1' }
const auth = contextOf(
  { token: verifiedToken(claims, clock), source: 'cache', stale: false },
  { by: 'none' },
  presented(TOKEN, clock),
)
const shown = {
  issuer: 'https://as.example',
  subject: 'ada',
  clientId: 'app',
  kind: 'user',
  audience: ['https://api.example'],
  scopes: ['a', 'b'],
  authorizationDetails: [],
  actor: undefined,
  actorChain: [],
  expiresAt: undefined,
  binding: { by: 'none' },
  evidence: { by: 'introspection', source: 'cache', checkedAt: clock.wall() / 1_000, stale: false },
  claims,
}

test('says what the token says', () => {
  expect(auth).toMatchObject(shown)
  expect([auth.hasScope('b'), auth.hasScope('c')]).toEqual([true, false])
})

test('shows itself to logs and as JSON, without the token', () => {
  expect(JSON.parse(JSON.stringify(auth))).toEqual(JSON.parse(JSON.stringify(shown)))
  expect(inspect(auth, { depth: 9 })).toContain("subject: 'ada'")
  expect(`${JSON.stringify(auth)} ${inspect(auth, { depth: 9, showHidden: true })}`).not.toContain(TOKEN)
})

test('is copied by no spread', () => {
  expect(Object.keys({ ...auth })).toEqual([])
})

test('gives the same evidence and lists each time', () => {
  expect([auth.evidence, auth.scopes, auth.claims].map((one, index) => one === again()[index])).toEqual([
    true,
    true,
    true,
  ])
})

function again(): readonly unknown[] {
  return [auth.evidence, auth.scopes, auth.claims]
}

test.each(['subject', 'scopes', 'evidence', 'claims', 'admin'])('nobody can set its %s', (name) => {
  expect(() => {
    ;(auth as unknown as Record<string, unknown>)[name] = 'eve'
  }).toThrow(TypeError)
})
