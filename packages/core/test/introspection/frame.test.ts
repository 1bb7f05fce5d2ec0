import { describe, expect, test } from 'vitest'
import { formEncode } from '../../src/introspection/form.ts'
import { bodyOf, frameFor } from '../../src/introspection/frame.ts'

const HINT = { token_type_hint: 'access_token' }

describe('formEncode', () => {
  test('writes what URLSearchParams writes, whatever the characters', () => {
    const all = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code))
    for (const text of ['', 'aZ09*-._', 'a b+c/d=~', '\ud800', ...all])
      expect(formEncode(text)).toBe(new URLSearchParams({ t: text }).toString().slice(2))
  })
})

describe('a frame', () => {
  test.each([
    ['nothing but the token', {}, {}, {}],
    ['the hint', {}, {}, HINT],
    ['what is configured and ours', { 'resource id': 'a&b' }, { client_id: 'é', client_secret: 's=1' }, HINT],
    ['nothing that stands in for the token', { token: 'x', token_type_hint: 'y', z: '1' }, { token: 'w' }, HINT],
  ])('holds %s', (_, configured, parameters, hint) => {
    for (const token of ['plain-token_1.2', 'a+b/c=='])
      expect(bodyOf(frameFor({ parameters }, configured, hint), token)).toBe(
        new URLSearchParams({ ...configured, ...parameters, token, ...hint }).toString(),
      )
  })

  test('has our headers', () => {
    expect(frameFor({ headers: { authorization: 'Basic x' } }, {}, HINT).headers).toEqual({
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      authorization: 'Basic x',
    })
  })
})
