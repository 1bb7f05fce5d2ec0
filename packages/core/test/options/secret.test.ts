import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isPublished } from '../../src/options/secret.ts'
import { certificate } from '../support/certificate.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
const { cert } = await certificate('somebody')
const bare = (pem: string): string => pem.replaceAll(/-----.*-----|\s/g, '')
const spki = ec.export({ format: 'der', type: 'spki' })

describe('octets that are a key of another kind', () => {
  test.each<[string, string | Buffer]>([
    ['SPKI as PEM', ec.export({ format: 'pem', type: 'spki' })],
    ['PKCS #1 as PEM', rsa.export({ format: 'pem', type: 'pkcs1' })],
    ['a certificate as PEM', cert],
    ['PEM after a mark and blanks', `\ufeff \n${cert}`],
    ['SPKI as DER', spki],
    ['PKCS #1 as DER', rsa.export({ format: 'der', type: 'pkcs1' })],
    ['a certificate as DER', Buffer.from(bare(cert), 'base64')],
    ['base64 of SPKI', spki.toString('base64')],
    ['base64url of SPKI', spki.toString('base64url')],
    ['base64 of a certificate, in lines', bare(cert).replaceAll(/(.{64})/g, '$1\r\n')],
    ['a JWK', JSON.stringify(ec.export({ format: 'jwk' }))],
    ['a JWK Set after blanks', `\n${JSON.stringify({ keys: [ec.export({ format: 'jwk' })] })}`],
    ['OpenSSH', `ssh-ed25519 ${randomBytes(51).toString('base64')} me@host`],
    ['OpenSSH after a blank', ` ecdsa-sha2-nistp256 ${randomBytes(100).toString('base64')}`],
    ['SSH2', `---- BEGIN SSH2 PUBLIC KEY ----\n${randomBytes(60).toString('base64')}`],
  ])('%s', (_, octets) => {
    expect(isPublished(Buffer.from(octets as string))).toBe(true) // NG-03, NG-04
  })
})

describe('octets that may be a secret', () => {
  test.each<[string, string | Uint8Array]>([
    ['random', randomBytes(64)],
    ['zeros', new Uint8Array(32)],
    ['random as base64', randomBytes(48).toString('base64')],
    ['random as hex', randomBytes(32).toString('hex')],
    ['a passphrase', 'correct horse battery staple, and more'],
    ['braces', '{not json at all, and long enough to be one}'],
    ['a mark of DER alone', Buffer.from(`3082${'00'.repeat(62)}`, 'hex')],
  ])('%s', (_, octets) => {
    expect(isPublished(Buffer.from(octets as string))).toBe(false)
  })
})
