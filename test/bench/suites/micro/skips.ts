import type { ResourceServer } from '@holdfast/core'
import type { Authority } from './authority.ts'
import { PEERS } from './peers.ts'
import { sending } from './request.ts'
import { mint, type SigningKey } from './tokens.ts'

/** Tokens that this project refuses, each by its one fault. All are signed by the right key. */
const FAULTS: Readonly<Record<string, (key: SigningKey) => string>> = {
  'a claim that occurs twice': (key) =>
    mint(key, { written: (claims) => claims.replace('{', '{"scope":"orders:refund",') }),
  'a signature that is not canonical base64url': (key) => respelled(mint(key)),
  'padding after the signature': (key) => `${mint(key)}==`,
  'typ of an ID token': (key) => mint(key, { header: { typ: 'JWT' } }),
  'an unknown critical extension': (key) => mint(key, { header: { crit: ['example'], example: true } }),
  'b64: false': (key) => mint(key, { header: { crit: ['b64'], b64: false } }),
  'no exp': (key) => mint(key, { claims: { exp: undefined } }),
  'exp in milliseconds': (key) => mint(key, { claims: { exp: Date.now() + 36_000_000 } }),
  'iat in the future': (key) => mint(key, { claims: { iat: Math.floor(Date.now() / 1_000) + 3_600 } }),
  'no jti': (key) => mint(key, { claims: { jti: undefined } }),
  'sub that is a number': (key) => mint(key, { claims: { sub: 17 } }),
  'a DPoP-bound token without proof': (key) =>
    mint(key, { claims: { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } } }),
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same octets: the last character of 256 octets has four bits that mean nothing. */
function respelled(token: string): string {
  return token.slice(0, -1) + ALPHABET[ALPHABET.indexOf(token.at(-1)!) ^ 1]!
}

/** What each of the others lets pass at its defaults. @throws {Error} for a fault that `server` takes. */
export async function skips(authority: Authority, server: ResourceServer): Promise<string[]> {
  const key = authority.key('RS256')
  const odd = Object.entries(FAULTS).map(([fault, make]) => ({ fault, token: make(key) }))
  for (const { fault, token } of odd) {
    if (await passes(() => server.authenticate(sending([token]).request(0)))) throw new Error(`holdfast takes ${fault}`)
  }
  const lines: string[] = []
  for (const { name, verifying } of PEERS.filter((peer) => peer.name !== 'fast-jwt cached')) {
    const verify = verifying(key, authority)
    const passed: string[] = []
    for (const { fault, token } of odd) if (await passes(() => verify(token))) passed.push(fault)
    lines.push(`${name} lets pass: ${passed.join('; ')}`)
  }
  return lines
}

async function passes(verify: () => unknown): Promise<boolean> {
  try {
    await verify()
    return true
  } catch {
    return false
  }
}
