import { X509Certificate } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CERTIFICATE_FORMATS, readCertificate } from '../../../src/bind/mtls/certificate-field.ts'
import { certificate } from '../../support/certificate.ts'

const { cert: pem } = await certificate('client')
const { cert: otherPem } = await certificate('other')
const der = new X509Certificate(pem).raw
const base64 = der.toString('base64')
const escaped = encodeURIComponent(pem)
const otherEscaped = encodeURIComponent(otherPem)

describe('the certificate is read, octet by octet,', () => {
  test.each([
    ['rfc9440', `:${base64}:`],
    ['rfc9440', `:${base64.replace(/=+$/, '')}:`],
    ['base64', base64],
    ['pem', escaped],
    ['pem', pem.trim().replaceAll(/\r?\n/g, ' ')],
    ['pem', pem.replaceAll(/\r?\n/g, '\t')],
    // As a load balancer does that leaves `+`, `/` and `=` as they are.
    ['pem', pem.replaceAll(/\r?\n/g, '%0A').replaceAll(' ', '%20')],
    ['xfcc', `Cert="${escaped}"`],
    ['xfcc', `By=spiffe://a;Hash=00;Cert="${escaped}";Subject="CN=\\"a,b;c\\",O=d";URI=spiffe://b;DNS=x;DNS=y`],
    ['xfcc', `hash=00;cert=${escaped}`],
  ] as const)('%s: %.60s', (format, value) => {
    expect(readCertificate(value, format)).toEqual(der)
  })
}) // MT-11

describe('where the proxy had none', () => {
  test.each([
    ['rfc9440', '::'],
    ['rfc9440', ''],
    ['base64', ''],
    ['pem', ''],
  ] as const)('%s: %j is none', (format, value) => {
    expect(readCertificate(value, format)).toBeNull()
  })
})

describe('what cannot be read is no certificate', () => {
  test.each([
    ['rfc9440', base64],
    ['rfc9440', `:${base64}`],
    ['rfc9440', `:${base64}:, :${base64}:`],
    ['rfc9440', `:${base64}:;a=1`],
    ['rfc9440', `:${der.toString('base64url')}:`],
    ['rfc9440', `:${Buffer.from(pem).toString('base64')}:`],
    ['base64', `${base64}, ${base64}`],
    ['base64', `${base64.slice(0, 40)} ${base64.slice(40)}`],
    ['base64', Buffer.concat([der, Buffer.from('more')]).toString('base64')],
    ['base64', der.subarray(0, -1).toString('base64')],
    ['base64', Buffer.from([0x30, 0x80, 0x00, 0x00]).toString('base64')],
    ['base64', Buffer.from([0x30]).toString('base64')],
    ['base64', Buffer.from('a certificate').toString('base64')],
    ['pem', base64],
    ['pem', `${escaped}${otherEscaped}`],
    ['pem', `${escaped},${otherEscaped}`],
    ['pem', escaped.replace('CERTIFICATE', 'PRIVATE%20KEY')],
    ['pem', `${escaped}%`],
    ['pem', escaped.replaceAll('%20', '+')],
    ['xfcc', `Hash=00;Subject="CN=a"`],
    ['xfcc', `Cert="${escaped}",Cert="${otherEscaped}"`],
    ['xfcc', `Hash=00,By=a;Cert="${escaped}"`],
    ['xfcc', `Cert="${escaped}";Cert="${escaped}"`],
    ['xfcc', `Cert="${escaped}`],
    ['xfcc', `Cert="${escaped}"x`],
    ['xfcc', `Subject="CN=a";Cert`],
    ['xfcc', escaped],
  ] as const)('%s: %.60s', (format, value) => {
    expect(readCertificate(value, format)).toBeUndefined()
  })
}) // MT-12

test('no text throws, or takes long', () => {
  const hostile = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.string({
      unit: fc.constantFrom(':', '"', '\\', ';', ',', '=', '%', 'C', 'ert', '-----BEGIN CERTIFICATE-----'),
      maxLength: 400,
    }),
  )
  fc.assert(
    fc.property(hostile, fc.constantFrom(...CERTIFICATE_FORMATS), (value, format) => {
      const read = readCertificate(value, format)
      return read === null || read === undefined || read[0] === 0x30
    }),
    { numRuns: 2_000 },
  )
})
