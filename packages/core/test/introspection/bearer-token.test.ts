import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { type BearerSource, bearerToken } from '../../src/introspection/bearer-token.ts'
import type { Credentials } from '../../src/introspection/client-authentication.ts'
import { chance } from '../support/chance.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** Answers that come one after the other, the last one for ever. */
function setUp(...answers: readonly unknown[]) {
  const clock = new ManualClock()
  let asked = 0
  const source = async (): Promise<string> => {
    asked += 1
    const answer = answers[Math.min(asked, answers.length) - 1]
    if (answer instanceof Error) throw answer
    return answer as string
  }
  const client = bearerToken(source)
  const credentials = (rejected?: Credentials): Promise<Credentials> =>
    client.credentials({ issuer: 'https://as.example', clock, random: chance(), rejected })
  const token = async (rejected?: Credentials): Promise<string> =>
    (await credentials(rejected)).headers!['authorization']!
  return { clock, token, credentials, asked: () => asked }
}

const kept = (token: string, expiresIn = '10m'): object => ({ token, expiresIn })

describe('what a source gives', () => {
  test('text is asked for each time', async () => {
    const { token, asked } = setUp('one', 'two')
    expect([await token(), await token(), asked()]).toEqual(['Bearer one', 'Bearer two', 2])
  })

  test('a token that says how long it is good is kept', async () => {
    const { token, asked } = setUp(kept('one'), kept('two'))
    expect([await token(), await token(), asked()]).toEqual(['Bearer one', 'Bearer one', 1])
  })

  test.each([
    ['10m', 570_000],
    ['5m', 270_000],
    ['10s', 9_000],
    ['1h', 3_570_000],
  ])('a life of %s is used for %d ms', async (expiresIn, usable) => {
    const { clock, token, asked } = setUp(kept('one', expiresIn))
    await token()
    await clock.advance(usable - 1)
    await token()
    expect(asked()).toBe(1)
    await clock.advance(1)
    await token()
    expect(asked()).toBe(2)
  })

  test('a life of nothing is used for nothing', async () => {
    const { token, asked } = setUp(kept('one', '0s'))
    expect([await token(), await token(), asked()]).toEqual(['Bearer one', 'Bearer one', 2])
  })

  test.each([
    undefined,
    null,
    '',
    7,
    'two words',
    'line\r\nbreak',
    {},
    kept(''),
    kept('one', 'soon'),
    { token: 'one' },
  ])('%o is no token', async (answer) => {
    await expect(setUp(answer).token()).rejects.toThrow(TypeError)
  })

  test('one that fails is asked again', async () => {
    const { token, asked } = setUp(new Error('no'), 'one')
    await expect(token()).rejects.toThrow('no')
    expect([await token(), asked()]).toEqual(['Bearer one', 2])
  })
})

describe('a rejection', () => {
  test('what was rejected is not used again', async () => {
    const { token, credentials, asked } = setUp(kept('one'), kept('two'))
    const rejected = await credentials()
    expect([await token(rejected), await token(), asked()]).toEqual(['Bearer two', 'Bearer two', 2])
  })

  test('what has been renewed meanwhile is good', async () => {
    const { token, credentials, asked } = setUp(kept('one'), kept('two'), kept('three'))
    const rejected = await credentials()
    await token(rejected)
    expect([await token(rejected), asked()]).toEqual(['Bearer two', 2])
  })

  test('many rejections at once ask once', async () => {
    const { token, credentials, asked } = setUp(kept('one'), kept('two'))
    const rejected = await credentials()
    expect(await Promise.all([token(rejected), token(rejected), token(rejected)])).toEqual(Array(3).fill('Bearer two'))
    expect(asked()).toBe(2)
  })

  test('an answer that was asked for before it is not waited for', async () => {
    const { token, asked } = setUp('one', 'two')
    const rejected = { headers: { authorization: 'Bearer none' } }
    expect(await Promise.all([token(), token(rejected)])).toEqual(['Bearer one', 'Bearer two'])
    expect(asked()).toBe(2)
  })
})

test.each(['', 'two words', 'line\nbreak', 7, undefined, null, {}])('%o is refused when it is written', (source) => {
  expect(() => bearerToken(source as BearerSource)).toThrow(ConfigError)
})
