import { expect } from 'vitest'
import {
  claimsOf,
  expectAccepted,
  expectRefused,
  expectRefusals,
  headerFor,
  jwkFor,
  jws,
  type Part,
  publishing,
  signerFor,
} from '../forge.ts'
import type { Face } from '../faces.ts'
import { type Api, api } from '../world.ts'
import { verifies } from '../verifies.ts'

const sign = signerFor('ES256')
const jwtsOnly = { introspection: false } as const

/** An API whose issuer has one ES256 key and no introspection, and a maker of well signed tokens. */
async function start(face: Face): Promise<{ one: Api; minted: (header?: Part, payload?: Part) => string }> {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: jwtsOnly })
  return { one, minted: (header = headerFor('ES256'), payload = claimsOf(as)) => jws(header, payload, sign) }
}

verifies('JW-01', 'takes three parts and no other number', async (face) => {
  const { one, minted } = await start(face)
  const good = minted()
  const [header, payload, signature] = good.split('.') as [string, string, string]
  await expectRefusals(one, {
    'one part': [header, 'opaque_unsupported'],
    'two parts': [`${header}.${payload}`, 'opaque_unsupported'],
    'four parts': [`${good}.${signature}`, 'opaque_unsupported'],
    'a period more': [`${good}.`, 'opaque_unsupported'],
    'a period before': [`.${good}`, 'opaque_unsupported'],
    'five parts': [`${header}.${payload}.${signature}.${payload}.${signature}`, 'token_encrypted'],
    'six parts': [`${good}.${good}`, 'opaque_unsupported'],
    'no header': [`.${payload}.${signature}`, 'opaque_unsupported'],
    'no payload': [`${header}..${signature}`, 'token_malformed'],
  })
  expect(one.as.calls.total).toBe(0)
  await expectRefusals(one, { 'no signature': [`${header}.${payload}.`, 'signature_invalid'] })
  await expectAccepted(one, good)
})

verifies('JW-02', 'takes no JWS in its JSON form', async (face) => {
  const { one, minted } = await start(face)
  const [header, payload, signature] = minted().split('.') as [string, string, string]
  const flat = { protected: header, payload, signature }
  const general = { payload, signatures: [{ protected: header, signature }] }
  for (const form of [flat, general]) {
    const reply = await one.get('/', JSON.stringify(form))
    expect([reply.status, JSON.parse(reply.body).error]).toEqual([400, 'invalid_request'])
    expect(await one.server.verify(JSON.stringify(form))).toMatchObject({ outcome: 'invalid' })
  }
  const encoded = Buffer.from(JSON.stringify(flat)).toString('base64url')
  await expectRefused(one, 'opaque_unsupported', { encoded })
  for (const character of ['!', '$', '~', '%', '{', '\u00e9', '\u00a1'])
    await expectRefused(one, 'token_malformed', { [character]: minted().replace('.', `${character}.`) })
  expect([one.as.calls.total, one.handled()]).toEqual([0, 0])
})

verifies('JW-03', 'takes nothing but the characters of base64url', async (face) => {
  const { one, minted } = await start(face)
  const good = minted()
  const parts = good.split('.')
  const changed = (at: number, change: (part: string) => string): string =>
    parts.map((part, index) => (index === at ? change(part) : part)).join('.')
  for (const at of [0, 1, 2]) {
    for (const character of ['=', '+', '/', '~']) {
      await expectRefused(one, 'token_malformed', {
        [`${character} in part ${at}`]: changed(at, (part) => `${part.slice(0, 6)}${character}${part.slice(6)}`),
        [`${character} after part ${at}`]: changed(at, (part) => `${part}${character}`),
        [`${character} twice after part ${at}`]: changed(at, (part) => `${part}${character}${character}`),
      })
    }
    // A second word is a malformed request (RFC 6750 §3.1); a line break cannot even be sent.
    const spaced = changed(at, (part) => `${part.slice(0, 6)} ${part.slice(6)}`)
    expect((await one.get('/', spaced)).status).toBe(400)
    for (const space of [' ', '\n', '\r\n', '\t', '\v', '\u0000', '\u200b']) {
      const broken = changed(at, (part) => `${part.slice(0, 6)}${space}${part.slice(6)}`)
      expect(await one.server.verify(broken)).toMatchObject({ outcome: 'invalid' })
    }
  }
  expect(one.as.calls.total).toBe(0)
  await expectAccepted(one, good)
})

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Another spelling of the same octets: an unused bit of the last character is set. */
function respelt(part: string): string {
  expect([2, 3]).toContain(part.length % 4)
  const last = ALPHABET[ALPHABET.indexOf(part.at(-1)!) + 1]!
  const other = part.slice(0, -1) + last
  expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(part, 'base64url'))
  return other
}

verifies('JW-04', 'takes one spelling of every part', async (face) => {
  const { one, minted } = await start(face)
  // 64 octets leave four bits over; header and payload are filled up until they leave some, too.
  const header = `{"alg":"ES256","kid":"ES256","typ":"at+jwt"${' '.repeat(2)}}`
  const claims = JSON.stringify(claimsOf(one.as))
  const payload = claims + ' '.repeat((4 - (claims.length % 3)) % 3)
  const good = minted(header + ' '.repeat((4 - (header.length % 3)) % 3), payload)
  await expectAccepted(one, good)
  const parts = good.split('.') as [string, string, string]
  for (const at of [0, 1, 2]) {
    const token = parts.map((part, index) => (index === at ? respelt(part) : part)).join('.')
    await expectRefused(one, 'token_malformed', { [`part ${at} spelt otherwise`]: token })
    const impossible = parts.map((part, index) =>
      index === at ? part.slice(0, part.length - (part.length % 4)) + 'A' : part,
    )
    await expectRefused(one, 'token_malformed', { [`part ${at} of an impossible length`]: impossible.join('.') })
  }
  expect(one.handled()).toBe(1)
})

/** The octets at the end of a text in the last member. */
const within = (text: string, ...octets: number[]): Buffer =>
  Buffer.concat([Buffer.from(`${text.slice(0, -1)},"x":"`), Buffer.from(octets), Buffer.from('"}')])

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()

const utf32 = (text: string): Buffer => Buffer.from(text.replaceAll(/[^]/g, '$&\0\0\0'), 'latin1')

verifies('JW-05', 'takes UTF-8 without a byte-order mark', async (face) => {
  const { one, minted } = await start(face)
  const claims = JSON.stringify(claimsOf(one.as, { name: 'Zoë €' }))
  const header = JSON.stringify(headerFor('ES256'))
  await expectAccepted(one, minted(header, claims))
  const bom = Buffer.from([0xef, 0xbb, 0xbf])
  const broken: Record<string, (text: string) => Buffer> = {
    'an octet that UTF-8 never has': (text) => within(text, 0xff),
    'an overlong form': (text) => within(text, 0xc0, 0xaf),
    'a surrogate': (text) => within(text, 0xed, 0xa0, 0x80),
    'a character cut off': (text) => within(text, 0xe2, 0x82),
    'a code point too high': (text) => within(text, 0xf4, 0x90, 0x80, 0x80),
    'Latin-1': (text) => within(text, 0xe9),
    'UTF-16, little-endian': (text) => Buffer.from(text, 'utf16le'),
    'UTF-32': utf32,
  }
  await expectRefused(
    one,
    'token_malformed',
    Object.fromEntries(
      Object.entries(broken).flatMap(([name, write]) => [
        [`payload: ${name}`, minted(header, write(claims))],
        [`header: ${name}`, minted(write(header), claims)],
      ]),
    ),
  )
  await expectRefused(one, 'token_malformed', {
    'payload: BOM': minted(header, Buffer.concat([bom, Buffer.from(claims)])),
    'payload: UTF-16, big-endian': minted(header, utf16be(claims)),
  })
  // These do not even begin like a JWT.
  await expectRefused(one, 'opaque_unsupported', {
    'header: BOM': minted(Buffer.concat([bom, Buffer.from(header)]), claims),
    'header: UTF-16, big-endian': minted(utf16be(header), claims),
  })
})

/** An object whose end is missing. */
const open = (text: string): string => text.slice(0, -1)

verifies('JW-06', 'takes one whole JSON object for header and claims', async (face) => {
  const { one, minted } = await start(face)
  const header = JSON.stringify(headerFor('ES256'))
  const claims = JSON.stringify(claimsOf(one.as))
  await expectAccepted(one, minted(` \t\r\n${header}\n `, ` \t\r\n${claims}\n `))
  const broken: Record<string, (text: string) => string> = {
    'text after it': (text) => `${text}x`,
    'two objects': (text) => text + text,
    'a comma after it': (text) => `${text},`,
    'a NUL after it': (text) => `${text}\u0000`,
    'a comma inside': (text) => `${open(text)},}`,
    'no end': open,
    NaN: (text) => `${open(text)},"x":NaN}`,
    Infinity: (text) => `${open(text)},"x":-Infinity}`,
    'a comment': (text) => `${open(text)}/* x */}`,
    'a line comment': (text) => `${open(text)}// x\n}`,
    'a name without quotes': (text) => `${open(text)},x:1}`,
    'single quotes': (text) => `${open(text)},'x':1}`,
    'a number with a zero before': (text) => `${open(text)},"x":01}`,
    'a hexadecimal number': (text) => `${open(text)},"x":0x1}`,
    'a line break in a text': (text) => `${open(text)},"x":"\n"}`,
    'another white space': (text) => `${open(text)}\u00a0}`,
    undefined: (text) => `${open(text)},"x":undefined}`,
  }
  for (const [name, write] of Object.entries(broken)) {
    await expectRefused(one, 'token_malformed', {
      [`header: ${name}`]: minted(write(header), claims),
      [`payload: ${name}`]: minted(header, write(claims)),
    })
  }
  for (const text of ['[]', 'null', 'true', '1', '"x"', '', ' ', `[${claims}]`, '{']) {
    await expectRefused(one, 'token_malformed', { [`payload: ${text}`]: minted(header, text) })
  }
  for (const text of ['[]', 'null', '1', `"${header}"`, `[${header}]`]) {
    await expectRefused(one, 'opaque_unsupported', { [`header: ${text}`]: minted(text, claims) })
  }
})

/** An object with more members. */
const more = (text: string, members: string): string => `${text.slice(0, -1)},${members}}`

verifies('JW-07', 'refuses a member that occurs twice in a token, at any depth', async (face) => {
  const { one, minted } = await start(face)
  const { issuer } = one.as
  const header = JSON.stringify(headerFor('ES256'))
  const claims = JSON.stringify(claimsOf(one.as))
  await expectAccepted(
    one,
    minted(more(header, '"x":{"a":1},"y":{"a":1}'), more(claims, '"x":{"a":1},"y":[{"a":1},{"a":1}]')),
  )
  await expectRefused(one, 'token_malformed', {
    'alg none first': minted('{"alg":"none","alg":"ES256","typ":"at+jwt"}', claims),
    'alg none last': minted('{"alg":"ES256","typ":"at+jwt","alg":"none"}', claims),
    'kid twice': minted(more(header, '"kid":"ES256"'), claims),
    'an escaped twin in the header': minted(more(header, '"\\u0061lg":"ES256"'), claims),
    'twins deep in the header': minted(more(header, '"x":[{"y":{"a":1,"a":1}}]'), claims),
    'aud twice': minted(header, more(claims, '"aud":"x"')),
    'aud twice and equal': minted(header, more(claims, '"aud":"https://api.example.com"')),
    'iss twice': minted(header, more(claims, `"iss":"${issuer}"`)),
    'an escaped twin': minted(header, more(claims, '"\\u0061ud":"x"')),
    'twins in a claim': minted(header, more(claims, '"x":{"role":"user","role":"admin"}')),
    'twins deep in a list': minted(header, more(claims, '"x":[[[{"a":0},{"a":1,"\\u0061":2}]]]')),
    '__proto__ twice': minted(header, more(claims, '"__proto__":1,"__proto__":2')),
  })
})

/** A document with two members of one name. */
const twice = (document: object): string => JSON.stringify(document).replace(/^\{/, '{"twin":1,"\\u0074win":2,')

verifies('JW-07', 'refuses a member that occurs twice in what the authorization server says', async (face) => {
  const good = jwkFor('ES256')
  const keys = { keys: [good] }
  const answers = [
    ['keys', () => twice(keys)],
    ['keys', () => JSON.stringify(keys).replace('"kid"', '"kid":"other","kid"')],
    ['metadata', (metadata: object) => twice(metadata)],
  ] as const
  for (const [endpoint, write] of answers) {
    const as = await publishing([good])
    as.respond(endpoint, { body: write(as.metadata), contentType: 'application/json' })
    const one = await api(face, { as })
    const reply = await one.get('/', jws(headerFor('ES256'), claimsOf(as), sign))
    expect([reply.status, one.reasons()]).toEqual([503, ['keys_unavailable']])
  }
  const one = await api(face)
  const token = one.as.opaque()
  one.as.respond('introspection', {
    body: '{"active":false,"active":true,"aud":"https://api.example.com"}',
    contentType: 'application/json',
  })
  expect([(await one.get('/', token)).status, one.reasons()]).toEqual([503, ['introspection_unavailable']])
})

verifies('JW-08', 'compares what was unescaped, code point by code point', async (face) => {
  const nfc = 'https://api.example.com/caf\u00e9'
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { ...jwtsOnly, audience: nfc } })
  const minted = (header: Part, claims: object): string => jws(header, claimsOf(as, { aud: nfc, ...claims }), sign)
  await expectAccepted(
    one,
    minted('{"\\u0061lg":"\\u0045S256","kid":"ES256","typ":"at\\u002bjwt"}', {}),
    jws(
      headerFor('ES256'),
      JSON.stringify(claimsOf(as, { aud: 'AUD' })).replace('AUD', `${nfc.slice(0, -1)}\\u00e9`),
      sign,
    ),
  )
  await expectRefusals(one, {
    'ALG for alg': [minted('{"ALG":"ES256","kid":"ES256","typ":"at+jwt"}', {}), 'token_malformed'],
    'another case of alg': [minted(headerFor('es256', { kid: 'ES256' }), {}), 'algorithm_not_allowed'],
    'another case of kid': [minted(headerFor('ES256', { kid: 'es256' }), {}), 'key_unknown'],
    'another normalization': [minted(headerFor('ES256'), { aud: nfc.normalize('NFD') }), 'audience_wrong'],
    'another case of aud': [minted(headerFor('ES256'), { aud: nfc.toUpperCase() }), 'audience_wrong'],
    'the audience percent-encoded': [minted(headerFor('ES256'), { aud: encodeURI(nfc) }), 'audience_wrong'],
    'AUD for aud': [minted(headerFor('ES256'), { aud: undefined, AUD: nfc }), 'audience_missing'],
    'another case of iss': [minted(headerFor('ES256'), { iss: as.issuer.toUpperCase() }), 'issuer_unknown'],
  })
})

verifies('JW-09', 'asks for a text as alg', async (face) => {
  const { one, minted } = await start(face)
  const values: readonly unknown[] = [undefined, 256, 0, null, true, ['ES256'], { alg: 'ES256' }, [[]]]
  await expectRefused(
    one,
    'token_malformed',
    Object.fromEntries(values.map((alg) => [JSON.stringify({ alg }), minted(headerFor('ES256', { alg }))])),
  )
  expect(one.as.calls.total).toBe(0)
})
