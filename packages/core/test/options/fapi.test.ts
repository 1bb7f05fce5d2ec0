import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { unauthenticated } from '../../src/introspection/client-authentication.ts'
import { privateKeyJwt } from '../../src/introspection/private-key-jwt.ts'
import type { ResourceServerOptions } from '../../src/options/options.ts'
import { resolveSettings } from '../../src/options/resolve.ts'
import type { Settings } from '../../src/options/settings.ts'

const ISSUER = 'https://as.example'
const introspection = { client: unauthenticated() }
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const signing = (algorithm: 'RS256' | 'PS256') => ({
  introspection: { client: privateKeyJwt({ clientId: 'api', key: privateKey, algorithm }) },
})

const resolve = (issuer: object, root: object): Settings =>
  resolveSettings({
    profile: 'fapi2',
    audience: 'https://api.example',
    mtls: 'allowed',
    issuers: [{ issuer: ISSUER, introspection, ...issuer }],
    ...root,
  } as unknown as ResourceServerOptions)

function refusal(issuer: object, root: object = {}): string {
  try {
    resolve(issuer, root)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

test('sets what FAPI 2.0 asks for', () => {
  const settings = resolve({}, {})
  expect(settings.bindingRequired).toBe(true)
  expect(settings.credentials).toMatchObject({ requireHttps: true, transports: undefined })
  expect(settings.issuers[0]?.jwt).toMatchObject({
    algorithms: ['ES256', 'Ed25519', 'PS256'],
    mode: 'online',
    rejectKeyHeaders: true,
  })
}) // FP-01, FP-03, FP-05, FP-07, FP-08

test('without it, nothing of this is set', () => {
  const { issuers, credentials, bindingRequired } = resolve({}, { profile: undefined })
  expect(bindingRequired).toBe(false)
  expect(credentials.requireHttps).toBeUndefined()
  expect(issuers[0]?.jwt).toMatchObject({ mode: 'offline', rejectKeyHeaders: false })
  expect(issuers[0]?.jwt?.algorithms).toContain('RS256')
})

describe('takes what is written in its spirit', () => {
  test.each([
    [{ jwt: { algorithms: ['EdDSA'] } }, {}],
    [{ jwt: { algorithms: ['PS256', 'ES256'], mode: 'onlineWhenHealthy' } }, {}],
    [{ jwt: { rejectKeyHeaders: true } }, { requireHttps: true, credentials: { query: 'reject', form: false } }],
    [{ jwt: { waiveRevocation: true }, introspection: undefined }, {}],
    [{ jwt: { mode: 'offline', waiveRevocation: true } }, {}],
    [{ jwt: false }, { clockSkew: '10s', mtls: 'required', dpop: { maxAhead: '10s' } }],
    [{ introspection: { ...introspection, audience: 'ifPresent' } }, { clockSkew: '60s' }],
    [signing('PS256'), {}],
  ])('%j %j', (issuer, root) => {
    expect(refusal(issuer, root)).toBe('accepted')
  })
})

describe('refuses what contradicts it, and names both', () => {
  test.each([
    ['credentials.form', {}, { credentials: { form: true } }],
    ['credentials.extract', {}, { credentials: { extract: () => undefined } }],
    ['requireHttps', {}, { requireHttps: false }],
    ['allowInsecureLoopback', {}, { allowInsecureLoopback: true }],
    ['clockSkew', {}, { clockSkew: '61s' }],
    ['clockSkew', {}, { clockSkew: '9s' }],
    ['dpop.maxAhead', {}, { dpop: { maxAhead: '9s' } }],
    ['introspection.client', signing('RS256'), {}],
    ['introspection.audience', { introspection: { ...introspection, audience: 'off' } }, {}],
    ['jwt.algorithms', { jwt: { algorithms: ['ES256', 'RS256'] } }, {}],
    ['jwt.algorithms', { jwt: { sharedSecret: Buffer.alloc(32, 7) } }, {}],
    ['jwt.rejectKeyHeaders', { jwt: { rejectKeyHeaders: false } }, {}],
    ['jwt.mode', { jwt: { mode: 'offline' } }, {}],
    ['jwt.mode', { introspection: undefined }, {}],
  ])('%s: %j %j', (option, issuer, root) => {
    const message = refusal(issuer, root)
    expect(message).toContain(`option "${option}"`)
    expect(message).toContain("profile 'fapi2'")
  }) // FP-01, FP-03, FP-05, FP-07, FP-08

  test('a waiver without it', () => {
    expect(refusal({ jwt: { waiveRevocation: true } }, { profile: undefined })).toBe(
      `option "jwt.waiveRevocation" of "https://as.example" is about profile 'fapi2', which is not written; leave it out`,
    )
  })
})
