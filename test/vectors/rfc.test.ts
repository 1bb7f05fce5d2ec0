import { createPrivateKey, sign } from 'node:crypto'
import { createResourceServer } from '@holdfast/core'
import { testClock } from '@holdfast/testing'
import { describe, expect, test } from 'vitest'
import { thumbprintOf } from '#core/keys/jwk'
import { judgeJwe, judgeJws } from './raw.ts'
import { CRITICAL, RFC_7515, RFC_7520, RFC_7638, RFC_8037, RFC_9068, UNSECURED } from './rfc.ts'
import { vector } from './wycheproof.ts'

/** The same JWS with one bit of its signature flipped. */
function damaged(jws: string): string {
  const [header, payload, signature] = jws.split('.') as [string, string, string]
  const octets = Buffer.from(signature, 'base64url')
  octets[0]! ^= 1
  return `${header}.${payload}.${octets.toString('base64url')}`
}

describe('RFC 7515', () => {
  test.each(Object.entries(RFC_7515))('§%s: verifies with its key and with no other', (_, { jws, key }) => {
    expect(judgeJws(jws, [key])).toBe('verified')
    expect(judgeJws(damaged(jws), [key])).toBe('signature_invalid')
    const others = Object.values(RFC_7515).filter((one) => one.key !== key)
    expect(others.map((one) => judgeJws(jws, [one.key]))).not.toContain('verified')
  })

  test('§A.5: an unsecured JWS is refused, whatever the keys are', () => {
    const keys = Object.values(RFC_7515).map(({ key }) => key)
    expect([[], keys].map((some) => judgeJws(UNSECURED, some))).toEqual(Array(2).fill('algorithm_not_allowed'))
  })

  test('§A.6: a JSON serialization is refused', () => {
    const { jws, key } = RFC_7515['A.3, ECDSA P-256 SHA-256']!
    const [header, payload, signature] = jws.split('.')
    for (const one of [
      { payload, protected: header, signature },
      {
        payload,
        signatures: [{ protected: header, header: { kid: 'e9bc097a-ce51-4036-9562-d2ade882db0d' }, signature }],
      },
    ]) {
      expect(judgeJws(JSON.stringify(one), [key])).toBe('token_malformed')
    }
  })

  test('§E: an extension that is critical and unknown is refused', () => {
    expect(judgeJws(CRITICAL, [])).toBe('algorithm_not_allowed')
    const [header] = CRITICAL.split('.') as [string]
    const named = Buffer.from(header, 'base64url').toString().replace('none', 'RS256')
    expect(judgeJws(`${Buffer.from(named).toString('base64url')}.RkFJTA.`, [])).toBe('critical_unsupported')
  })
})

describe('RFC 7520', () => {
  test.each([
    ['§4.1', 'signature 345', {}],
    ['§4.2', 'signature 346', { alg: 'PS384' }],
    ['§4.3', 'signature 347', { alg: 'ES512' }],
    ['§4.4', 'signature 348', {}],
  ])('%s: verifies with its key', (_, name, changes) => {
    const { text, keys } = vector(name)
    const jwks = keys.map((key) => ({ ...key, ...changes }))
    expect(judgeJws(text, jwks)).toBe('verified')
    expect(judgeJws(damaged(text), jwks)).toBe('signature_invalid')
  })

  test('§4.5: detached content verifies once it is put back, and never without', () => {
    expect(judgeJws(RFC_7520.attached, [RFC_7520.secret])).toBe('verified')
    expect(judgeJws(RFC_7520.detached, [RFC_7520.secret])).toBe('signature_invalid')
  })

  test('§4.6: a header without kid goes with the one key', () => {
    expect(judgeJws(RFC_7520.withoutKid, [RFC_7520.secret])).toBe('verified')
  })

  test('§4.5 to §4.8: JSON serializations are refused', () => {
    for (const one of RFC_7520.json) expect(judgeJws(JSON.stringify(one), [RFC_7520.secret])).toBe('token_malformed')
  })
})

describe('RFC 7520, encrypted', () => {
  test.each([
    ['§5.2, RSA-OAEP with AES-GCM', 'encryption 129'],
    ['§5.4, ECDH-ES and AES key wrap', 'encryption 130'],
    ['§5.5, ECDH-ES with AES-CBC and HMAC', 'encryption 131'],
  ])('%s: is opened', async (_, name) => {
    const { text, privateKeys } = vector(name)
    expect(await judgeJwe(text, privateKeys)).toBe('opened')
    const [header, ...parts] = text.split('.') as [string, ...string[]]
    const other = Buffer.from(header, 'base64url').toString().replace('{', '{"zip":"DEF",')
    expect(await judgeJwe([Buffer.from(other).toString('base64url'), ...parts].join('.'), privateKeys)).toBe(
      'decryption_failed',
    )
  })

  test.each([
    ['§5.1, RSA1_5', 'encryption 128'],
    ['§5.6, direct encryption', 'encryption 132'],
    ['§5.7, AES-GCM key wrap', 'encryption 133'],
    ['§5.8, AES key wrap', 'encryption 134'],
    ['§5.9, compressed', 'encryption 135'],
  ])('%s: is not for access tokens, so no key for it can be given', async (_, name) => {
    const { text, privateKeys } = vector(name)
    expect(await judgeJwe(text, privateKeys)).toBe('no key')
    // Nor does a key that can be given open it.
    expect(await judgeJwe(text, vector('encryption 129').privateKeys)).toMatch(/^(decryption_failed|token_malformed)$/)
  })

  test('§5.3: a password opens nothing', async () => {
    expect(await judgeJwe(RFC_7520.byPassword, vector('encryption 129').privateKeys)).toBe('decryption_failed')
  })
})

describe('RFC 8037', () => {
  const { jws, key, thumbprint } = RFC_8037

  test('§A.4: verifies under the deprecated name, and under its own once signed so', () => {
    expect(judgeJws(jws, [key])).toBe('verified')
    expect(judgeJws(jws, [{ ...key, alg: 'EdDSA' }])).toBe('verified')
    expect(judgeJws(damaged(jws), [key])).toBe('signature_invalid')
  })

  test('§A.3: the thumbprint of an OKP key', () => {
    expect(thumbprintOf(key)).toBe(thumbprint)
  })
})

test('RFC 7638 §3.1: the thumbprint of an RSA key, whatever else it says', () => {
  expect(thumbprintOf(RFC_7638.key)).toBe(RFC_7638.thumbprint)
})

describe('RFC 9068 §3', () => {
  const { header, claims } = RFC_9068
  const { keys, privateKeys } = vector('signature 33')
  const key = createPrivateKey({ key: privateKeys[0] as never, format: 'jwk' })
  const segments = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const signed = segments.join('.')
  const token = `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
  const clock = testClock({ start: (claims.iat + 1) * 1_000 })
  const server = createResourceServer({
    audience: claims.aud,
    issuers: [{ issuer: claims.iss, jwt: { keys: { keys: [{ ...keys[0], kid: header.kid }] } } }],
    ports: { clock },
  })

  test('the example is an access token for its API until it expires', async () => {
    const result = await server.verify(token)
    expect(result.outcome === 'valid' && result.auth).toMatchObject({
      issuer: claims.iss,
      subject: claims.sub,
      clientId: claims.client_id,
      scopes: ['openid', 'profile', 'reademail'],
    })
    clock.setWall((claims.exp + 3_600) * 1_000)
    expect(await server.verify(token)).toEqual({ outcome: 'invalid', reason: 'token_expired' })
  })
})
