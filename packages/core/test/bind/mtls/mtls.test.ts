import { hash, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type MtlsRules, proveCertificate } from '../../../src/bind/mtls/mtls.ts'
import { AuthError } from '../../../src/errors.ts'
import { mtls } from '../../../src/options/mtls.ts'
import type { AuthRequest } from '../../../src/request.ts'
import { certificate } from '../../support/certificate.ts'

const client = new X509Certificate((await certificate('client')).cert)
const other = new X509Certificate((await certificate('other')).cert)
const thumbprint = hash('sha256', client.raw, 'base64url')

const rulesOf = (options: unknown): MtlsRules => mtls(options, 'mtls')!
const connection = (shown?: X509Certificate) => ({
  remoteAddress: '10.0.0.7',
  getPeerX509Certificate: () => shown,
  once: () => undefined,
})
const fieldOf = (shown: X509Certificate): string => `:${shown.raw.toString('base64')}:`

function outcome(expected: unknown, request: Partial<AuthRequest>, rules: MtlsRules): string {
  const proved = proveCertificate(expected, { rawHeaders: [], ...request }, rules)
  if (!(proved instanceof AuthError)) return proved
  const { detail } = AuthError.detailsOf(proved)
  return detail === undefined ? proved.reason : `${proved.reason}: ${detail}`
}

describe('a certificate of the connection', () => {
  const rules = rulesOf('allowed')
  const missing = 'certificate_missing: the connection shows no client certificate'

  test('proves a token that is bound to it', () => {
    expect(outcome(thumbprint, { socket: connection(client) }, rules)).toBe(thumbprint)
  }) // MT-01

  test.each([
    ['another', { socket: connection(other) }, 'binding_mismatch'],
    ['none', { socket: connection() }, missing],
    ['no TLS', { socket: { remoteAddress: '10.0.0.7' } }, missing],
    ['no connection', {}, missing],
    ['a field', { rawHeaders: ['client-cert', fieldOf(client)], socket: connection() }, missing],
  ])('%s does not', (_, request, refusal) => {
    expect(outcome(thumbprint, request, rules)).toBe(refusal)
  }) // MT-02, MT-03, MT-10

  test('is that of the peer, where there is one', () => {
    expect(outcome(thumbprint, { peer: connection(client), socket: connection(other) }, rules)).toBe(thumbprint)
  }) // MT-09

  test.each([
    `${thumbprint}=`,
    `${thumbprint}\n`,
    ` ${thumbprint}`,
    thumbprint.slice(0, -1),
    '',
    client.fingerprint256,
    hash('sha1', client.raw, 'base64url'),
    7,
    null,
    [thumbprint],
  ])('proves no thumbprint like %j', (expected) => {
    expect(outcome(expected, { socket: connection(client) }, rules)).toBe(
      'binding_unsupported: "x5t#S256" is no SHA-256 digest',
    )
  }) // MT-04
})

describe('a certificate in a field', () => {
  const rules = rulesOf({ field: { from: '10.0.0.0/8', maxLength: 4_096 } })
  const field = (value: string, socket: object = connection(other)): Partial<AuthRequest> => ({
    rawHeaders: ['Client-Cert', value],
    socket,
  })
  const withMaxLength = (maxLength: number): MtlsRules => ({ ...rules, field: { ...rules.field!, maxLength } })

  test('proves a token that is bound to it, whatever the connection shows', () => {
    expect(outcome(thumbprint, field(fieldOf(client)), rules)).toBe(thumbprint)
    expect(outcome(thumbprint, field(fieldOf(other), connection(client)), rules)).toBe('binding_mismatch')
  }) // MT-10, MT-13

  test.each([
    [
      'is missing',
      { socket: connection(client) },
      'certificate_missing: the field with the client certificate is missing',
    ],
    ['is empty', field('::'), 'certificate_missing: the proxy says that the client showed no certificate'],
    [
      'comes from somebody else',
      field(fieldOf(client), { remoteAddress: '192.0.2.1' }),
      'certificate_missing: the request came from no proxy that is named',
    ],
    [
      'comes from nobody',
      { rawHeaders: ['client-cert', fieldOf(client)] },
      'certificate_missing: the request came from no proxy that is named',
    ],
    ['is garbage', field('garbage'), 'certificate_malformed: the field with the client certificate cannot be read'],
    [
      'is too long',
      field(`:${'A'.repeat(4_096)}:`),
      'certificate_malformed: the field with the client certificate is too long',
    ],
    [
      'came twice',
      { rawHeaders: ['client-cert', fieldOf(client), 'Client-Cert', fieldOf(client)], socket: connection() },
      'certificate_malformed: the field with the client certificate came more than once',
    ],
  ])('that %s does not', (_, request, refusal) => {
    expect(outcome(thumbprint, request, rules)).toBe(refusal)
  }) // MT-10, MT-12, MT-17

  test('may be as long as the options say, and no longer', () => {
    const value = fieldOf(client)
    expect(outcome(thumbprint, field(value), withMaxLength(value.length))).toBe(thumbprint)
    expect(outcome(thumbprint, field(value), withMaxLength(value.length - 1))).toBe(
      'certificate_malformed: the field with the client certificate is too long',
    )
  }) // MT-17

  test.each([' ', '\t', '  \t'])('may stand between blanks like %j', (blanks) => {
    expect(outcome(thumbprint, field(`${blanks}${fieldOf(client)}${blanks}`), rules)).toBe(thumbprint)
  })

  test('is looked for where the options say', () => {
    const named = rulesOf({ field: { name: 'X-SSL-Cert', format: 'base64', from: ['10.0.0.7', '2001:db8::/32'] } })
    const rawHeaders = ['x-ssl-cert', client.raw.toString('base64')]
    expect(outcome(thumbprint, { rawHeaders, socket: connection() }, named)).toBe(thumbprint)
    expect(outcome(thumbprint, { rawHeaders: ['client-cert', fieldOf(client)], socket: connection() }, named)).toBe(
      'certificate_missing: the field with the client certificate is missing',
    )
  }) // MT-11
})
