import { generateKeyPairSync } from 'node:crypto'
import { createResourceServer, type ResourceServer, type SignedAnswerOptions } from '@holdfast/core'
import { expect, test } from 'vitest'
import { type TestAuthorizationServer, testAuthorizationServer } from '../../src/index.ts'

const AUDIENCE = 'https://api.test'
const SIGNED = 'application/token-introspection+jwt'

const demanding = (as: TestAuthorizationServer, signed: SignedAnswerOptions = { algorithm: 'ES256' }): ResourceServer =>
  createResourceServer({ ...as.options({ introspection: { signed } }), observe: () => undefined })

test('answers are signed for whoever asks for that, and for nobody else', async () => {
  const as = await testAuthorizationServer({ audience: AUDIENCE })
  const [signed, plain] = [demanding(as), createResourceServer(as.options())]
  for (const server of [signed, plain]) {
    expect((await server.verify(as.opaque())).outcome).toBe('valid')
    expect(await server.verify('unknown')).toMatchObject({ outcome: 'invalid', reason: 'token_inactive' })
  }
  expect(as.calls.to('introspection').map(({ headers }) => headers['accept'])).toEqual([
    SIGNED,
    SIGNED,
    'application/json',
    'application/json',
  ])
})

test('they are signed with the newest published key', async () => {
  const as = await testAuthorizationServer({ audience: AUDIENCE, algorithms: ['ES256', 'Ed25519'] })
  expect((await demanding(as, { algorithm: 'Ed25519' }).verify(as.opaque())).outcome).toBe('valid')
  expect((await demanding(as, { algorithm: 'ES256' }).verify(as.opaque())).outcome).toBe('unavailable')
})

test('a test can say what is signed, around what, and by whom', async () => {
  const as = await testAuthorizationServer({ audience: AUDIENCE })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const answer = { active: true, aud: AUDIENCE, sub: 'ada' }
  const outcomeOf = async (body: string): Promise<string> => {
    as.respond('introspection', { body, contentType: SIGNED })
    return (await demanding(as).verify(as.opaque())).outcome
  }
  expect(await outcomeOf(as.signedAnswer(answer))).toBe('valid')
  expect(await outcomeOf(as.signedAnswer({ active: false }))).toBe('invalid')
  expect(await outcomeOf(as.signedAnswer(answer, { claims: { aud: 'another-client' } }))).toBe('unavailable')
  expect(await outcomeOf(as.signedAnswer(answer, { header: { typ: 'JWT' } }))).toBe('unavailable')
  expect(await outcomeOf(as.signedAnswer(answer, { key: privateKey }))).toBe('unavailable')
  expect(await outcomeOf(as.signedAnswer(answer, { alg: 'none' }))).toBe('unavailable')
})
