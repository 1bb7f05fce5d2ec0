import * as fc from 'fast-check'
import { decryptionRules } from '#core/options/decryption'
import { parseJwe } from '#core/syntax/jwe'
import { Decryptor } from '#core/verify/decryption'
import { anyText, mixed, mutated, objectLike } from '../generators.ts'
import { laterOutcomeOf } from '../outcomes.ts'
import { laterTarget, must, type Target } from '../target.ts'
import { encryptedTokens, GOOD } from '../tokens.ts'

/** Bob's key of RFC 7518 §C. */
const KEY = {
  kty: 'EC',
  crv: 'P-256',
  kid: 'bob',
  x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ',
  y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck',
  d: 'VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw',
}

/** The good token, encrypted to that key. */
const PARTS = [
  [
    'eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOEdDTSIsImN0eSI6IkpXVCIsImtpZCI6ImJvYiIsImVwayI6eyJ4IjoiYzAyb1ROM2l5WGY4UGVL',
    'ZXpIN2U4UVNaaE1ucUlKQjVEYTF2bVZPLUxlNCIsImNydiI6IlAtMjU2Iiwia3R5IjoiRUMiLCJ5IjoiU0tOVUZBT2pJQS0wMlN4T2N5REZKdHFD',
    'Y1c4cmtnb2YzWDJUYWozYU5ZbyJ9fQ',
  ].join(''),
  '',
  'GjOfQQD1BPi8DZ-M',
  [
    'iV16Qk7gphYkzxxmJFQfHmw5SriG0ULZxUKyLjPYL_n-GQ-Y7yK24GF-OxC0kHnMajHEpT9GWPxRZBGHfSCKTIu1s42DMpZfILoHyemy_4ZriLbl',
    'akhOeANJcAGi_Ni66BQpMJdp8L0d09pWe7GGph2fN58c91DKcAXrLN76LMQ_p_xRNNY2V4Is_w7Ls7QVj7rJBO-uN6-_NV89MBHuL7UFM72LQrXq',
    'ZfSy58TgawqjhYZljqZIa-8-qHraKmc5LPWJ1FQRDNGtZYCPiq__dv-aL-3-uOAdNOvDf9gtUnpeIWn1faBxtd7HHRagrmAw--zxsYoa6dVQxay8',
    'EWT8h8oc2fpfU6sAKhkNKAj5Qum-zqkoTq-9M4mUm4WNnlla_akFpPHqRq8a3vdD65HocQxtK9juZfUD3D8lWPLOsl-9sbkIq24Wy3BzQS0s4w1U',
    'CLz-ZvJNApJGkSfv0NNeYaw8LOLv4NmuI7AxqJk061Hh0bWJJ94KFLL8HgQMlfj1FVs',
  ].join(''),
  'F1yXHmY512b36TZUb1Fi2g',
] as const
const SEALED = PARTS.join('.')

const headers = objectLike(JSON.parse(Buffer.from(PARTS[0], 'base64url').toString()) as Record<string, unknown>, {
  alg: fc.constantFrom('ECDH-ES+A128KW', 'RSA-OAEP', 'RSA1_5', 'dir', 'PBES2-HS256+A128KW', 'none'),
  enc: fc.constantFrom('A256GCM', 'A128CBC-HS256', 'none'),
  cty: fc.constantFrom<unknown>('jwt', 'application/jwt', 'json', 1),
  zip: fc.constant('DEF'),
  crit: fc.constant(['exp']),
  p2c: fc.constant(2 ** 31 - 1),
  epk: fc.constantFrom<unknown>(
    { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
    { kty: 'EC', crv: 'P-384', x: KEY.x, y: KEY.y },
    { kty: 'EC', crv: 'P-256', x: KEY.x, y: KEY.x },
    {},
    'x',
  ),
})
const otherHeaders = headers.map((header) => {
  return [Buffer.from(JSON.stringify(header)).toString('base64url'), ...PARTS.slice(1)].join('.')
})
const otherParts = fc.tuple(fc.nat(4), anyText).map(([at, part]) => PARTS.with(at, part).join('.'))

const RULES = decryptionRules({ keys: { keys: [KEY] }, algorithms: ['ECDH-ES'], encodings: ['A128GCM'] }, 'decryption')
const decryptor = new Decryptor(RULES, 'https://as.example')

export const encryptedTarget: Target = laterTarget({
  name: 'encrypted tokens',
  inputs: mixed(mutated(fc.constant(SEALED)), otherHeaders, otherParts, encryptedTokens, fc.constant(GOOD)),
  judge: async (token) => {
    const outcome = await laterOutcomeOf(decryptor.open(token, token))
    must((outcome === 'accepted') === (token === SEALED), 'what was changed was opened')
    must(outcome !== 'accepted' || parseJwe(token) !== undefined, 'no five parts')
    return outcome
  },
})
