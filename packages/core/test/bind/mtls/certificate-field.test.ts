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

/** In hexadecimal: what a value of DER begins with, and how many octets of zero follow. */
const octetsOf = (head: string, zeros: number): Buffer => Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(zeros)])

describe('the certificate is read, octet by octet,', () => {
  test.each([
    ['rfc9440', `:${base64}:`],
    ['rfc9440', `:${base64.replace(/=+$/, '')}:`],
    ['base64', base64],
    ['pem', escaped],
    ['pem', pem.trim().replaceAll(/\r?\n/g, ' ')],
    ['pem', pem.replaceAll(/\r?\n/g, '\t')],
    ['pem', ` \t${pem.trim()}`],
    ['pem', `${pem.trim()} \t`],
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
    ['pem', `x${pem.trim()}`],
    ['pem', `${pem.trim()}x`],
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

describe('a certificate is as long as it says', () => {
  test.each([
    ['3000', 0],
    ['3003', 3],
    ['307f', 127],
    ['308180', 128],
    ['3081ff', 255],
    ['30820100', 256],
    ['3083010000', 65_536],
  ])('%s, and %i octets', (head, length) => {
    const octets = octetsOf(head, length)
    expect(readCertificate(octets.toString('base64'), 'base64')?.equals(octets)).toBe(true)
  })

  test.each([
    ['of one octet less', '3003', 2],
    ['of one octet more', '3003', 4],
    ['of one octet less than a long length', '308180', 127],
    ['of one octet more than a long length', '308180', 129],
    ['that ends before its length', '30', 0],
    ['that ends within its length', '3082', 0],
    ['that ends within its length, at the last octet of it', '308201', 0],
    ['that ends with its length', '308100', 0],
    ['of no definite length', '3080', 128],
    ['whose length has more than three octets', '308400000100', 256],
    ['whose length has more octets than can be counted', '3087', 256],
    ['whose length needs no octets of its own', '30817f', 127],
    ['whose length needs one octet less', '308200ff', 255],
    ['whose length of three octets needs two', '308300ffff', 65_535],
    ['that is no SEQUENCE, and empty', '3100', 0],
    ['that is no SEQUENCE', '04820100', 256],
  ])('one %s is none: %s, and %i octets', (_, head, length) => {
    expect(readCertificate(octetsOf(head, length).toString('base64'), 'base64')).toBeUndefined()
  })
}) // MT-12

describe('the padding of Base64 is whole, or missing', () => {
  const [unpadded, once, twice] = [octetsOf('3001', 1), octetsOf('3003', 3), octetsOf('3002', 2)]

  test.each([
    ['MAEA', unpadded],
    ['MAMAAAA=', once],
    ['MAMAAAA', once],
    ['MAIAAA==', twice],
    ['MAIAAA', twice],
  ])('%s is read', (text, octets) => {
    expect([readCertificate(text, 'base64'), readCertificate(`:${text}:`, 'rfc9440')]).toEqual([octets, octets])
  })

  test.each(['MAEA=', 'MAMAAAA==', 'MAMA=AAA', 'MAIAAA=', 'MAIAAA===', 'MAIAAB=='])('%s is not', (text) => {
    expect([readCertificate(text, 'base64'), readCertificate(`:${text}:`, 'rfc9440')]).toEqual([undefined, undefined])
  })
}) // MT-11, MT-12

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
