import { createPublicKey, X509Certificate } from 'node:crypto'

const MARKS = /-----BEGIN |---- BEGIN SSH2|^\s*(?:ssh-|ecdsa-sha2-|sk-)/
const BASE64 = /^[A-Za-z0-9+/_=\s-]+$/

/**
 * True for octets that are a key of another kind, or a certificate, in one of the forms in which those are handed about:
 * PEM, DER, base64 of DER, OpenSSH, JWK. Whoever has the public key could sign with it as if it were the secret; that is
 * how "RS256 becomes HS256" attacks began (CVE-2015-9235). Raw octets of a key cannot be told from random ones.
 */
export function isPublished(octets: Uint8Array): boolean {
  const text = Buffer.from(octets)
    .toString('utf8')
    .replace(/^\ufeff/, '')
  if (MARKS.test(text) || isJsonObject(text)) return true
  return isDer(octets) || (BASE64.test(text) && isDer(Buffer.from(text, 'base64')))
}

function isJsonObject(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function isDer(octets: Uint8Array): boolean {
  const key = Buffer.from(octets)
  const readers = [
    () => createPublicKey({ key, format: 'der', type: 'spki' }),
    () => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
    () => new X509Certificate(key),
  ]
  return readers.some((read) => {
    try {
      return read() !== undefined
    } catch {
      return false
    }
  })
}
