import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { AuthError, scope } from '@holdfast/core'
import { expect, onTestFinished, vi } from 'vitest'
import {
  type Attacks,
  claimsOf,
  ending,
  expectAccepted,
  expectRefused,
  expectRefusals,
  headerFor,
  jsonAnswer,
  jwkFor,
  jws,
  type Part,
  publishing,
  signerFor,
} from '../forge.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const sign = (header: Part, payload: Part): string => jws(header, payload, signerFor('ES256'))
const HEADER = headerFor('ES256')

/** A text in other encodings than UTF-8 without a mark. */
function encodingsOf(text: string): Readonly<Record<string, Buffer>> {
  const little = Buffer.from(text, 'utf16le')
  const wide = Buffer.from(Array.from(text).flatMap((character) => [character.codePointAt(0)!, 0, 0, 0]))
  return {
    'UTF-8 with a mark': Buffer.from(`\ufeff${text}`),
    'UTF-16LE': little,
    'UTF-16LE with a mark': Buffer.concat([Buffer.from([0xff, 0xfe]), little]),
    'UTF-16BE': Buffer.from(little).swap16(),
    'UTF-16BE with a mark': Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(little).swap16()]),
    'UTF-32LE': wide,
    'UTF-32BE': Buffer.from(wide).swap32(),
  }
}

verifies('NG-43', 'reads UTF-8 and nothing else', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { introspection: false } })
  const text = JSON.stringify(claimsOf(as))
  const header = JSON.stringify(HEADER)
  /** Octets in the place of a word of the text. */
  const inserted = (octets: readonly number[], whole = text): Buffer => {
    const [before, after] = `${whole.slice(0, -1)},"x":"@"}`.split('@') as [string, string]
    return Buffer.concat([Buffer.from(before), Buffer.from(octets), Buffer.from(after)])
  }
  await expectAccepted(
    one,
    sign(HEADER, inserted([0xf0, 0x9f, 0x98, 0x80])),
    sign(inserted([0xc3, 0xa9], header), text),
  )
  const invalid = {
    'overlong slash': [0xc0, 0xaf],
    'overlong letter': [0xe0, 0x81, 0xa1],
    'overlong in four': [0xf0, 0x80, 0x81, 0xa1],
    'overlong zero': [0xc0, 0x80],
    'CESU-8': [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
    'a surrogate': [0xed, 0xa0, 0x80],
    'beyond Unicode': [0xf4, 0x90, 0x80, 0x80],
    'five octets': [0xf8, 0x88, 0x80, 0x80, 0x80],
    'a continuation alone': [0x80],
    'cut short': [0xe2, 0x82],
    'Latin-1': [0xe9],
    '0xFF': [0xff],
  }
  const attacks: Record<string, string> = {}
  for (const [name, octets] of Object.entries(invalid)) {
    attacks[`claims: ${name}`] = sign(HEADER, inserted(octets))
    attacks[`header: ${name}`] = sign(inserted(octets, header), text)
  }
  for (const [name, octets] of Object.entries(encodingsOf(text))) attacks[`claims: ${name}`] = sign(HEADER, octets)
  await expectRefused(one, 'token_malformed', attacks)
  // A header that does not begin like JSON makes the whole no JWT.
  const others = Object.entries(encodingsOf(header)).map(
    ([name, octets]): [string, readonly [string, 'token_malformed' | 'opaque_unsupported']] => [
      `header: ${name}`,
      [sign(octets, text), octets[0] === 0x7b ? 'token_malformed' : 'opaque_unsupported'],
    ],
  )
  await expectRefusals(one, Object.fromEntries(others))
})

verifies('NG-43', 'lets a lone surrogate equal nothing and break nothing', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, {
    as,
    handle: ({ maybeAuth }) => ({ status: 200, text: JSON.stringify(maybeAuth()!.subject) }),
  })
  const saying = (text: string, without: object = {}): string => sign(HEADER, ending(claimsOf(as, without), text))
  await expectRefusals(one, {
    iss: [saying('"iss":"https://as.test\\ud800"', { iss: undefined }), 'issuer_unknown'],
    'iss, alone': [saying('"iss":"\\udc00"', { iss: undefined }), 'issuer_unknown'],
    aud: [saying(`"aud":"${AUDIENCE}\\ud800"`, { aud: undefined }), 'audience_wrong'],
    'aud in a list': [saying(`"aud":["\\udfff","\\ud800${AUDIENCE}"]`, { aud: undefined }), 'audience_wrong'],
    scope: [saying('"scope":"read \\ud800"'), 'claims_malformed'],
    kid: [sign('{"alg":"ES256","typ":"at+jwt","kid":"ES256\\ud800"}', claimsOf(as)), 'key_unknown'],
    typ: [sign('{"alg":"ES256","typ":"at+jwt\\ud800","kid":"ES256"}', claimsOf(as)), 'type_wrong'],
    alg: [sign('{"alg":"ES256\\ud800","typ":"at+jwt"}', claimsOf(as)), 'algorithm_not_allowed'],
  })
  const lone = saying('"sub":"\\ud800"', { sub: undefined })
  expect([(await one.get('/', lone)).status, (await one.get('/', lone)).body]).toEqual([200, '"\\ud800"'])
  // Encoded, both would be the same three octets.
  await one.server.revoke({ sub: '\ufffd' })
  await expectAccepted(one, lone)
  await one.server.revoke({ sub: '\ud800' })
  await expectRefused(one, 'token_revoked', { lone })
})

verifies('NG-44', 'compares names code point by code point', async (face) => {
  const audience = 'https://api.example.com/caf\u00e9'
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, {
    as,
    options: { audience },
    routes: { '/read': [scope('read')] },
    handle: ({ maybeAuth }) => ({ status: 200, text: String(maybeAuth()!.subject === 'Zo\u00eb') }),
  })
  const saying = (changes: object): string => sign(HEADER, claimsOf(as, { aud: audience, ...changes }))
  await expectAccepted(one, saying({}))
  await expectRefused(one, 'issuer_unknown', {
    'Cyrillic a': saying({ iss: 'https://\u0430s.test' }),
    'full width': saying({ iss: 'https://\uff41s.test' }),
    'soft hyphen': saying({ iss: 'https://as\u00ad.test' }),
    'zero width': saying({ iss: 'https://as.test\u200b' }),
    'long s': saying({ iss: 'https://a\u017f.test' }),
    'upper case': saying({ iss: 'https://AS.test' }),
    'scheme in upper case': saying({ iss: 'HTTPS://as.test' }),
    'a space after': saying({ iss: 'https://as.test ' }),
    'a zero after': saying({ iss: 'https://as.test\u0000' }),
    'a line after': saying({ iss: 'https://as.test\n' }),
    'right to left': saying({ iss: '\u202ehttps://as.test' }),
  })
  await expectRefused(one, 'audience_wrong', {
    decomposed: saying({ aud: audience.normalize('NFD') }),
    'percent-encoded': saying({ aud: 'https://api.example.com/caf%C3%A9' }),
    'without accent': saying({ aud: 'https://api.example.com/cafe' }),
  })
  await expectRefused(one, 'claims_malformed', {
    'scope with a look-alike': saying({ scope: 're\u0430d' }),
    'scope with a wide space': saying({ scope: 'other\u00a0read' }),
    'scope in full width': saying({ scope: '\uff52\uff45\uff41\uff44' }),
    'scope with a tab': saying({ scope: 'other\tread' }),
    'scope with a line': saying({ scope: 'other\nread' }),
  })
  for (const other of ['READ', 'Read', 'reads', 'rea', 'read:all', 'read,write', 'read;x', '']) {
    expect([other, (await one.get('/read', saying({ scope: other }))).status]).toEqual([other, 403])
  }
  expect((await one.get('/read', saying({ scope: 'write read' }))).status).toBe(200)
  expect((await one.get('/', saying({ sub: 'Zo\u00eb' }))).body).toBe('true')
  expect((await one.get('/', saying({ sub: 'Zoe\u0308' }))).body).toBe('false')
})

const arrays = (depth: number): string => `"x":${'['.repeat(depth)}${']'.repeat(depth)}`
const objects = (depth: number): string => `"x":${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`
const members = (count: number): string => Array.from({ length: count }, (_, at) => `"${at}":0`).join()

verifies('NG-45', 'bounds depth and members, without recursion', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { maxTokenLength: 65_536 } })
  const usual = claimsOf(as)
  const claims = (text: string): string => sign(HEADER, ending(usual, text))
  const used = Object.keys(usual).length
  await expectAccepted(one, claims(arrays(15)), claims(objects(15)))
  const header = (text: string): string => sign(ending(HEADER, text), usual)
  await expectAccepted(one, header(arrays(15)))
  const tooDeep: Attacks = {
    arrays: [claims(arrays(16)), 'token_malformed'],
    objects: [claims(objects(16)), 'token_malformed'],
    both: [claims(`"x":${'[{"a":'.repeat(8)}1${'}]'.repeat(8)}`), 'token_malformed'],
    header: [header(arrays(16)), 'token_malformed'],
    'never closed': [claims(`"x":${'['.repeat(20)}`), 'token_malformed'],
    'closed too often': [claims(`"x":[${']'.repeat(20)}`), 'token_malformed'],
    'no object at all': [sign(HEADER, `${'['.repeat(20)}${']'.repeat(20)}`), 'token_malformed'],
  }
  await expectRefusals(one, tooDeep)
  // What does not fit through the usual HTTP server.
  const reasonOf = async (token: string): Promise<string> => {
    const result = await one.server.verify(token)
    return result.outcome === 'valid' ? 'valid' : result.reason
  }
  const seen = {
    members: await reasonOf(claims(members(2_000 - used))),
    'one member more': await reasonOf(claims(members(2_001 - used))),
    'members, deep': await reasonOf(claims(`"x":{"y":{${members(2_000)}}}`)),
    '22,000 arrays': await reasonOf(claims(arrays(22_000))),
    '40,000 arrays': await reasonOf(claims(`"x":${'['.repeat(40_000)}`)),
    '100,000 arrays': await reasonOf(claims(arrays(100_000))),
    '100,000 members': await reasonOf(claims(members(100_000))),
    'a text of 40,000': await reasonOf(claims(`"x":"${'a'.repeat(40_000)}"`)),
    'a text of 1,000,000': await reasonOf(claims(`"x":"${'a'.repeat(1_000_000)}"`)),
    'a list of 15,000': await reasonOf(claims(`"x":[0${',0'.repeat(15_000)}]`)),
  }
  expect(seen).toEqual({
    members: 'valid',
    'one member more': 'token_malformed',
    'members, deep': 'token_malformed',
    '22,000 arrays': 'token_malformed',
    '40,000 arrays': 'token_malformed',
    '100,000 arrays': 'token_too_long',
    '100,000 members': 'token_too_long',
    'a text of 40,000': 'valid',
    'a text of 1,000,000': 'token_too_long',
    'a list of 15,000': 'valid',
  })
  expect(one.reasons()).not.toContain('internal_error')
})

verifies('NG-45', 'bounds depth and members in an introspection answer and a key set', async (face) => {
  const deep = `"x":${'['.repeat(20)}${']'.repeat(20)}`
  const wide = Array.from({ length: 2_001 }, (_, at) => `"${at}":0`).join()
  for (const text of [deep, wide, `"x":"${'a'.repeat(70_000)}"`]) {
    const { as, get } = await api(face)
    as.respond('introspection', jsonAnswer(`{"active":true,"aud":"${AUDIENCE}",${text}}`))
    expect((await get('/', as.opaque())).status).toBe(503)
  }
  for (const text of [deep, wide, `"x":"${'a'.repeat(300_000)}"`]) {
    const as = await publishing([])
    as.respond('keys', jsonAnswer(`{"keys":[${JSON.stringify(jwkFor('ES256'))}],${text}}`))
    const { get } = await api(face, { as })
    expect((await get('/', sign(HEADER, claimsOf(as)))).status).toBe(503)
  }
})

const longest = (calls: readonly (readonly unknown[])[], at = 0): number =>
  Math.max(0, ...calls.map((call) => String(call[at]).length))

/** What of this is done while `run` runs, at most how long its input is. */
function workOf(run: () => void): {
  readonly parsed: number
  readonly decoded: number
  readonly hashed: number
  readonly split: number
} {
  const parse = vi.spyOn(JSON, 'parse')
  const from = vi.spyOn(Buffer, 'from')
  const split = vi.spyOn(String.prototype, 'split')
  const hash = vi.spyOn(crypto, 'hash')
  syncBuiltinESMExports()
  const restore = (): void => {
    for (const spy of [parse, from, split, hash]) spy.mockRestore()
    syncBuiltinESMExports()
  }
  onTestFinished(restore)
  run()
  const work = {
    parsed: longest(parse.mock.calls),
    decoded: longest(from.mock.calls),
    hashed: longest(hash.mock.calls, 1),
    split: split.mock.calls.length,
  }
  restore()
  return work
}

verifies('NG-46', 'refuses what is too long before anything of it is decoded', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { introspection: false } })
  const good = sign(HEADER, claimsOf(as))
  await expectAccepted(one, good)
  const judge = (token: string): string => {
    const answer = one.server.tryAuthenticate({ rawHeaders: ['Authorization', `Bearer ${token}`] })
    return answer instanceof AuthError ? answer.reason : answer === undefined ? 'waits' : 'valid'
  }
  const tooLong = {
    '8 MB of periods': '.'.repeat(8_000_000),
    'header of 1 MB': `${'A'.repeat(1_000_000)}.${good}`,
    'JWT of 1 MB': `${good.split('.', 1)[0]}.${'A'.repeat(1_000_000)}.AAAA`,
    'signature of 1 MB': good + 'A'.repeat(1_000_000),
    'one character too many': 'a'.repeat(8_193),
    'ten thousand segments': 'a.'.repeat(10_000),
  }
  for (const [name, token] of Object.entries(tooLong)) {
    let verdict = ''
    const work = workOf(() => {
      verdict = judge(token)
    })
    expect([name, verdict, work]).toEqual([name, 'token_too_long', { parsed: 0, decoded: 0, hashed: 0, split: 0 }])
  }
  // Within the limit: at most the first few octets are decoded to see what it is.
  const first = good.split('.', 1)[0]!
  const within: Readonly<Record<string, readonly [token: string, reason: string]>> = {
    periods: ['.'.repeat(8_192), 'opaque_unsupported'],
    segments: ['a.'.repeat(4_095), 'opaque_unsupported'],
    'segments after a header': [`${first}${'.a'.repeat(3_000)}`, 'opaque_unsupported'],
    'a header of 6,000': [`${first}${'A'.repeat(6_000)}.e30.AAAA`, 'token_malformed'],
    'five parts': [`${first}....${'A'.repeat(6_000)}`, 'token_encrypted'],
  }
  for (const [name, [token, reason]] of Object.entries(within)) {
    let verdict = ''
    const work = workOf(() => {
      verdict = judge(token)
    })
    expect([name, verdict, work.split]).toEqual([name, reason, 0])
    expect(work.decoded, name).toBeLessThanOrEqual(32)
    expect(work.parsed, name).toBe(0)
  }
  // The measure itself: a good token is decoded and parsed.
  const work = workOf(() => expect(judge(sign(HEADER, claimsOf(as, { pad: 'a'.repeat(500) })))).toBe('valid'))
  expect(work.parsed).toBeGreaterThan(500)
  expect(work.decoded).toBeGreaterThan(500)
  // Through HTTP, as far as that lets it.
  await expectRefused(one, 'token_too_long', { 'by one': 'a'.repeat(8_193), 'by periods': '.'.repeat(9_000) })
})
