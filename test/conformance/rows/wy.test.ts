import { createPrivateKey, createSecretKey } from 'node:crypto'
import type { SigningAlgorithm } from '@holdfast/testing'
import { expect } from 'vitest'
import type { JsonObject } from '#core/syntax/json'
import { judgeJwe, judgeJws } from '../../vectors/raw.ts'
import { DEVIATIONS, isAgainstPolicy, nameOf, VECTORS, vector } from '../../vectors/wycheproof.ts'
import type { Face } from '../faces.ts'
import { verifies } from '../verifies.ts'
import { type Api, api } from '../world.ts'

const signed = VECTORS.filter(({ encrypted }) => !encrypted)
const verdicts = new Map(signed.map((one) => [nameOf(one), judgeJws(one.text, one.keys)]))
const printable = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

/** An API that allows the algorithms, before an authorization server that publishes these keys. */
async function publishing(face: Face, keys: readonly unknown[], algorithms: readonly SigningAlgorithm[]): Promise<Api> {
  const opened = await api(face, { options: { jwt: { algorithms }, introspection: false } })
  opened.as.respond('keys', { body: { keys } })
  return opened
}

/** An access token signed with a vector's private key. */
function tokenBy({ as }: Api, jwk: JsonObject, alg: SigningAlgorithm | 'HS256'): string {
  const key =
    jwk['kty'] === 'oct'
      ? createSecretKey(Buffer.from(jwk['k'] as string, 'base64url'))
      : createPrivateKey({ key: jwk as never, format: 'jwk' })
  return as.jwt({ key, alg, header: { kid: jwk['kid'] } })
}

const corrected = async (face: Face, name: string, alg: SigningAlgorithm): Promise<void> => {
  const [[key], [privateKey]] = [vector(name).keys, vector(name).privateKeys]
  const before = await publishing(face, [key], ['PS256', 'PS384', 'ES512'])
  const refused = await before.get('/', tokenBy(before, privateKey!, alg))
  expect(refused.status).toBeGreaterThanOrEqual(401)
  expect(before.handled()).toBe(0)
  const after = await publishing(face, [{ ...key, alg }], ['PS256', 'PS384', 'ES512'])
  expect((await after.get('/', tokenBy(after, privateKey!, alg))).status).toBe(200)
}

verifies('JW-62', 'the Wycheproof vectors are judged as they say, but for the listed ones', () => {
  const deviating = signed.filter((one) => (verdicts.get(nameOf(one)) === 'verified') !== one.valid)
  expect(deviating.map(nameOf).toSorted()).toEqual(Object.values(DEVIATIONS).flat().toSorted())
})

verifies('JW-62', 'no vector is a token, and none upsets anything', async (face) => {
  const { get, handled } = await api(face, { options: { introspection: false } })
  // One of fifteen: test/vectors judges them all, and what a face adds is the same for each.
  for (const { text } of VECTORS.filter((one, at) => at % 15 === 0 && printable(one.text))) {
    expect([400, 401]).toContain((await get('/', text)).status)
  }
  expect(handled()).toBe(0)
})

verifies('WY-01', 'a key bound to PS256 verifies no PS384', async (face) => {
  for (const name of DEVIATIONS['WY-01']!) {
    expect(verdicts.get(name)).toBe('key_unfit')
    await corrected(face, name, 'PS384')
  }
})

verifies('WY-02', 'a key bound to an unregistered algorithm verifies nothing', async (face) => {
  for (const name of DEVIATIONS['WY-02']!) {
    expect(verdicts.get(name)).toBe('key_unknown')
    await corrected(face, name, 'ES512')
  }
})

verifies('WY-03', 'padding is refused in every segment', async (face) => {
  const { as, get, reasons } = await api(face, { options: { introspection: false } })
  const [header, claims, signature] = as.jwt().split('.') as [string, string, string]
  for (const padding of ['=', '==']) {
    for (const one of [
      `${header}${padding}.${claims}.${signature}`,
      `${header}.${claims}${padding}.${signature}`,
      `${header}.${claims}.${signature}${padding}`,
    ]) {
      expect((await get('/', one)).status).toBe(401)
    }
  }
  expect(reasons()).toEqual(Array(6).fill('token_malformed'))
  for (const name of DEVIATIONS['WY-03']!) expect(vector(name).text).toBe(vector('signature 357').text)
})

verifies('WY-04', 'no foreign character is skipped', async (face) => {
  const { as, get, reasons } = await api(face, { options: { introspection: false } })
  const token = as.jwt()
  const [header] = token.split('.') as [string]
  for (const at of [1, header.length + 2, token.length - 1]) {
    expect((await get('/', `${token.slice(0, at)}?${token.slice(at)}`)).status).toBe(401)
  }
  expect(reasons()).toEqual(Array(3).fill('token_malformed'))
  expect(DEVIATIONS['WY-04']!.map((name) => verdicts.get(name))).toEqual(['token_malformed', 'token_malformed'])
})

verifies('WY-05', 'a key of the weak generator is taken as any other', async (face) => {
  for (const name of DEVIATIONS['WY-05']!) {
    const { keys, privateKeys } = vector(name)
    const opened = await publishing(face, keys, ['RS256'])
    expect((await opened.get('/', tokenBy(opened, privateKeys[0]!, 'RS256'))).status).toBe(200)
  }
})

verifies('WY-06', 'a published secret verifies nothing; the public key beside it does', async (face) => {
  // The mixed sets of the vectors have one public key whose private half is that of another vector.
  const [secret, publicKey] = vector('key 1').keys as [JsonObject, JsonObject]
  const [privateKey] = vector('signature 18').privateKeys
  const opened = await publishing(face, [secret, publicKey], ['ES256'])
  const { get, reasons } = opened
  expect((await get('/', tokenBy(opened, secret, 'HS256'))).status).toBe(401)
  expect(reasons()).toEqual(['algorithm_not_allowed'])
  expect((await get('/', tokenBy(opened, privateKey!, 'ES256'))).status).toBe(200)
  expect(DEVIATIONS['WY-06']!.map((name) => verdicts.get(name))).toEqual(['verified', 'verified'])
})

verifies('WY-07', 'published secrets of one name verify nothing', async (face) => {
  const { keys } = vector('key 4')
  const opened = await publishing(face, keys, ['ES256'])
  for (const key of keys) expect((await opened.get('/', tokenBy(opened, key, 'HS256'))).status).toBe(401)
  expect(opened.reasons()).toEqual(['algorithm_not_allowed', 'algorithm_not_allowed'])
  expect(verdicts.get('key 4')).toBe('verified')
})

verifies('WY-09', 'a signed payload that is no claims object makes no token', async (face) => {
  const { get, reasons, handled } = await api(face, { options: { introspection: false } })
  const tokens = ['signature 259', 'signature 260', 'signature 262', 'signature 345', 'signature 357'].map(vector)
  for (const { text } of tokens) expect((await get('/', text)).status).toBe(401)
  expect(reasons()).toEqual(tokens.map(() => 'token_malformed'))
  expect(tokens.map((one) => verdicts.get(nameOf(one)))).toEqual(tokens.map(() => 'verified'))
  expect(handled()).toBe(0)
})

const encrypted = VECTORS.filter((one) => one.encrypted)
const openings = Promise.all(encrypted.map((one) => judgeJwe(one.text, one.privateKeys)))

verifies('WY-08', 'an encrypted vector is opened where policy allows, and is no token either way', async (face) => {
  const opened = await openings
  const deviating = encrypted.filter((one, at) => (opened[at] === 'opened') !== (one.valid && !isAgainstPolicy(one)))
  expect(deviating.map(nameOf)).toEqual([])

  const keys = vector('encryption 129').privateKeys
  const decryption = { keys: { keys }, algorithms: ['RSA-OAEP'], encodings: ['A256GCM'] } as const
  const { get, reasons, handled } = await api(face, { options: { jwt: { decryption }, introspection: false } })
  const tokens = ['encryption 128', 'encryption 129', 'encryption 132', 'encryption 135'].map(
    (name) => vector(name).text,
  )
  for (const token of tokens) expect((await get('/', token)).status).toBe(401)
  // Three are for other keys; the one that could be opened does not say that a signed token is inside.
  expect(reasons()).toEqual(['decryption_failed', 'token_malformed', 'decryption_failed', 'decryption_failed'])
  expect(handled()).toBe(0)
})
