import { ConfigError } from '@holdfast/core'
import { expect } from 'vitest'
import { ecKey, type Jwk, type OwnKey, ownKey, publish, rsaKey, tokenBy } from '../keys.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const [one, two, three] = [ecKey('1'), ecKey('2'), ecKey('3')] as const
const [four, five, six] = [ecKey('4'), ecKey('5'), ecKey('6')] as const
const rsa = rsaKey('rsa')
const withoutKid = { kid: undefined }

/** The same key, published without its name. */
const nameless = (key: OwnKey): Jwk => ({ ...key.jwk, kid: undefined })

verifies('JK-08', 'a key serves the algorithm that it names, and no other', async (face) => {
  const { as, get, reasons } = await api(face)
  publish(as, [rsa.jwk, { ...one.jwk, kid: 'named ES384', alg: 'ES384' }])
  for (const alg of ['PS256', 'RS384', 'PS512'] as const) {
    const token = as.jwt({ key: rsa.privateKey, alg, header: { kid: 'rsa' } })
    expect((await get('/', token)).status, alg).toBe(401)
  }
  expect(reasons()).toEqual(['key_unfit', 'key_unfit', 'key_unfit'])
  expect((await get('/', tokenBy(as, rsa))).status).toBe(200)
  // A key that names an algorithm of another curve serves none.
  expect((await get('/', tokenBy(as, one, { kid: 'named ES384' }))).status).toBe(401)
  expect(reasons().at(-1)).toBe('key_unknown')
})

verifies('JK-08', 'the two names of the Edwards curve algorithms are one', async (face) => {
  const { as, get } = await api(face, { as: { algorithms: ['Ed25519'] } })
  const key = as.keys.keys[0]!
  for (const alg of ['EdDSA', 'Ed25519']) {
    publish(as, [{ ...key, alg }])
    await as.clock.advance('1h')
    for (const written of ['EdDSA', 'Ed25519']) {
      expect((await get('/', as.jwt({ header: { alg: written } }))).status, `${alg} ${written}`).toBe(200)
    }
  }
})

verifies('JK-08', 'the algorithm of a token chooses no key that was bound to another', async (face) => {
  const { as, get, reasons } = await api(face)
  publish(as, [{ ...rsa.jwk, alg: undefined }])
  expect((await get('/', as.jwt({ key: rsa.privateKey, alg: 'PS256', header: { kid: 'rsa' } }))).status).toBe(401)
  expect(reasons()).toEqual(['key_unfit'])
  expect((await get('/', tokenBy(as, rsa))).status).toBe(200)
})

verifies('JK-09', 'a kid is compared letter by letter', async (face) => {
  const { as, get, reasons } = await api(face)
  publish(as, [{ ...one.jwk, kid: 'Caf\u00e9' }, two.jwk])
  const kids = ['caf\u00e9', 'CAF\u00c9', 'Cafe\u0301', 'Caf\u00e9 ', ' Caf\u00e9', 'Caf\u00e9\u200b', 'Caf']
  for (const kid of kids) expect((await get('/', tokenBy(as, one, { kid }))).status, kid).toBe(401)
  expect(reasons()).toEqual(kids.map(() => 'key_unknown'))
  expect((await get('/', tokenBy(as, one, { kid: 'Caf\u00e9' }))).status).toBe(200)
})

verifies('JK-10', 'a kid that the set lacks is looked for once, and found', async (face) => {
  const { as, get } = await api(face)
  expect((await get('/', as.jwt())).status).toBe(200)
  await as.clock.advance('1m')
  as.rotateKeys()
  expect((await get('/', as.jwt())).status).toBe(200)
  expect(as.calls.keys).toBe(2)
  expect((await get('/', as.jwt())).status).toBe(200)
  expect(as.calls.keys).toBe(2)
})

verifies('JK-11', 'without kid one key that fits serves, and several are refused', async (face) => {
  const { as, get, reasons } = await api(face)
  publish(as, [one.jwk, rsa.jwk])
  expect((await get('/', tokenBy(as, one, withoutKid))).status).toBe(200)
  expect((await get('/', tokenBy(as, rsa, withoutKid))).status).toBe(200)
  publish(as, [one.jwk, two.jwk])
  await as.clock.advance('1h')
  expect((await get('/', tokenBy(as, one, withoutKid))).status).toBe(401)
  expect((await get('/', tokenBy(as, two, withoutKid))).status).toBe(401)
  expect(reasons()).toEqual(['key_ambiguous', 'key_ambiguous'])
})

verifies('JK-11', "missingKid: 'try' tries each that fits, at most four", async (face) => {
  const { as, get, reasons } = await api(face, { options: { jwt: { missingKid: 'try' } } })
  publish(as, [rsa.jwk, one.jwk, two.jwk, three.jwk, four.jwk, five.jwk])
  for (const key of [one, two, three, four]) expect((await get('/', tokenBy(as, key, withoutKid))).status).toBe(200)
  for (const key of [five, six]) expect((await get('/', tokenBy(as, key, withoutKid))).status).toBe(401)
  expect(reasons()).toEqual(['signature_invalid', 'signature_invalid'])
  // A kid still means one key, and an unknown one none.
  expect((await get('/', tokenBy(as, one, { kid: '2' }))).status).toBe(401)
  expect((await get('/', tokenBy(as, one, { kid: 'unknown' }))).status).toBe(401)
  expect(reasons().slice(2)).toEqual(['signature_invalid', 'key_unknown'])
})

verifies('JK-11', 'pinned keys follow the same option', async (face) => {
  const keys = { keys: [one.jwk, two.jwk] as object[] }
  const strict = await api(face, { options: { jwt: { keys } } })
  expect((await strict.get('/', tokenBy(strict.as, two, withoutKid))).status).toBe(401)
  expect(strict.reasons()).toEqual(['key_ambiguous'])
  const lenient = await api(face, { options: { jwt: { keys, missingKid: 'try' } } })
  expect((await lenient.get('/', tokenBy(lenient.as, two, withoutKid))).status).toBe(200)
})

verifies('JK-11', 'missingKid is one of two words', (face) => {
  const jwt = { missingKid: 'first' as 'try' }
  const build = (): unknown => face.protect({ issuers: [{ issuer: 'https://as.test', jwt }], audience: AUDIENCE })
  expect(build).toThrow(ConfigError)
  expect(build).toThrow(`option "issuers[0].jwt.missingKid" is "first"; write 'only' or 'try'`)
})

verifies('JK-12', 'a kid finds a key without one only where that is the whole set', async (face) => {
  const { as, get, reasons } = await api(face)
  publish(as, [nameless(one)])
  expect((await get('/', tokenBy(as, one, { kid: 'any' }))).status).toBe(200)
  for (const other of [two.jwk, { kty: 'XYZ' }]) {
    publish(as, [nameless(one), other])
    await as.clock.advance('1h')
    expect((await get('/', tokenBy(as, one, { kid: 'any' }))).status, JSON.stringify(other)).toBe(401)
  }
  expect(reasons()).toEqual(['key_unknown', 'key_unknown'])
  publish(as, [one.jwk])
  await as.clock.advance('1h')
  expect((await get('/', tokenBy(as, one, { kid: 'any' }))).status).toBe(401)
})

verifies('JK-13', 'keys that share a kid are told apart by what they are', async (face) => {
  const { as, get, reasons } = await api(face)
  const enc = { ...two.jwk, kid: 'shared', use: 'enc' }
  publish(as, [{ ...rsa.jwk, kid: 'shared' }, enc, { ...one.jwk, kid: 'shared' }])
  expect((await get('/', tokenBy(as, rsa, { kid: 'shared' }))).status).toBe(200)
  expect((await get('/', tokenBy(as, one, { kid: 'shared' }))).status).toBe(200)
  expect((await get('/', tokenBy(as, two, { kid: 'shared' }))).status).toBe(401)
  expect(reasons()).toEqual(['signature_invalid'])
})

verifies('JK-13', 'of keys that share everything but their numbers four are tried', async (face) => {
  const { as, get, reasons } = await api(face)
  const all = [one, two, three, four, five]
  publish(
    as,
    all.map(({ jwk }) => ({ ...jwk, kid: 'shared' })),
  )
  const statuses = []
  for (const key of all) statuses.push((await get('/', tokenBy(as, key, { kid: 'shared' }))).status)
  expect(statuses).toEqual([200, 200, 200, 200, 401])
  expect(reasons()).toEqual(['signature_invalid'])
})

verifies('JK-13', 'the same key listed twice is one key', async (face) => {
  const { as, get } = await api(face)
  const copy = ownKey(one.privateKey, { kid: '1', alg: 'ES256', use: 'sig' })
  publish(as, [one.jwk, copy.jwk, one.jwk])
  expect((await get('/', tokenBy(as, one, withoutKid))).status).toBe(200)
})
