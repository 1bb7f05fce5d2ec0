import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { dpopApi, expectProved, expectUnproved, type Proving } from '../dpop.ts'
import { jws, pairFor, signerFor } from '../forge.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

verifies(['DP-01', 'CH-20', 'NG-74'], 'takes one DPoP field line, and no second one', async (face) => {
  const one = await dpopApi(face)
  await expectProved(one, { alone: {} })
  const [first, second] = [one.proofFor(), one.proofFor()]
  await expectUnproved(one, 'proof_repeated', {
    equal: { proof: first, more: ['DPoP', first] },
    different: { proof: first, more: ['DPoP', second] },
    'in another case': { proof: first, more: ['dpop', second] },
    'an empty one': { proof: first, more: ['DPoP', ''] },
  })
  await expectProved(one, { 'the first, alone': { proof: first } })
})

verifies(['DP-02', 'NG-78', 'LM-02'], 'takes one compact JWT, and nothing else', async (face) => {
  const one = await dpopApi(face)
  const good = one.proofFor()
  const [header, payload, signature] = good.split('.') as [string, string, string]
  await expectUnproved(one, 'proof_malformed', {
    'two in one line': { proof: `${good}, ${one.proofFor()}` },
    'two segments': { proof: `${header}.${payload}` },
    'four segments': { proof: `${good}.x` },
    JSON: { proof: JSON.stringify({ protected: header, payload, signature }) },
    'a padded segment': { proof: `${header}.${payload}=.${signature}` },
    'a foreign character': { proof: `${header}.${payload}.${signature}!` },
    'with a scheme': { proof: `DPoP ${good}` },
    nothing: { proof: '' },
    'a word': { proof: 'proof' },
    'an over-long one': { claims: { x: 'x'.repeat(8_000) } },
    'an over-long header': { header: { x: 'x'.repeat(4_096) } },
    'a member twice': {
      proof: `${Buffer.from('{"typ":"dpop+jwt","typ":"dpop+jwt"}').toString('base64url')}.${payload}.${signature}`,
    },
    'an access token': { proof: one.token },
  })
  await expectProved(one, { good: { proof: good }, 'a large header': { header: { x: 'x'.repeat(3_500) } } })
})

verifies(['DP-03', 'DP-24'], 'takes no proof that lacks something', async (face) => {
  const one = await dpopApi(face)
  const claims = ['jti', 'htm', 'htu', 'iat', 'ath']
  await expectUnproved(
    one,
    'proof_malformed',
    Object.fromEntries([
      ...claims.flatMap((name): [string, Proving][] => [
        [`without ${name}`, { claims: { [name]: undefined } }],
        [`with ${name} of another type`, { claims: { [name]: [] } }],
        [`with an empty ${name}`, { claims: { [name]: '' } }],
      ]),
      ['without typ', { header: { typ: undefined } }],
      ['without jwk', { header: { jwk: undefined } }],
      ['with a jwk that is a text', { header: { jwk: JSON.stringify(one.client.jwk) } }],
      ['with a list of jwk', { header: { jwk: [one.client.jwk] } }],
      ['with iat as text', { claims: { iat: '1' } }],
      ['with nonce as number', { claims: { nonce: 1 } }],
    ]),
  )
  await expectUnproved(one, 'proof_algorithm', { 'without alg': { header: { alg: undefined } } })
  await expectProved(one, { whole: {}, 'with more': { claims: { x: 1 }, header: { y: 2, kid: 'k' } } })
})

verifies(['DP-04', 'NG-51'], 'takes a JWT of the type dpop+jwt only', async (face) => {
  const one = await dpopApi(face)
  const types = ['JWT', 'at+jwt', 'application/at+jwt', 'dpop', 'jwt+dpop', 'dpop+jwt ', '', 1, ['dpop+jwt'], null]
  await expectUnproved(
    one,
    'proof_malformed',
    Object.fromEntries(types.map((typ) => [JSON.stringify(typ), { header: { typ } }])),
  )
  await expectProved(one, {
    short: {},
    long: { header: { typ: 'application/dpop+jwt' } },
    'in capitals': { header: { typ: 'DPoP+JWT' } },
  })
})

verifies(['DP-05', 'NG-76'], 'takes asymmetric signatures of the allowed algorithms only', async (face) => {
  const one = await dpopApi(face)
  const algs = [
    'none',
    'None',
    'HS256',
    'HS512',
    'ES384',
    'ES512',
    'PS512',
    'ES256K',
    'A128KW',
    'es256',
    '',
    1,
    null,
    ['ES256'],
  ]
  await expectUnproved(
    one,
    'proof_algorithm',
    Object.fromEntries(algs.map((alg) => [JSON.stringify(alg), { header: { alg } }])),
  )
  await expectUnproved(one, 'proof_key_unfit', {
    'an algorithm for another key': { header: { alg: 'RS256' } },
    'an algorithm for another curve': { header: { alg: 'Ed25519' } },
  })
  for (const alg of ['Ed25519', 'EdDSA', 'PS256', 'RS256'] as const)
    await expectProved(await dpopApi(face, {}, alg), { [alg]: {} })
  const strict = await dpopApi(face, { options: { dpop: { algorithms: ['ES384'] } } }, 'ES384')
  await expectProved(strict, { ES384: {} })
  await expectUnproved(strict, 'proof_algorithm', { ES256: { proof: one.proofFor({ token: strict.token }) } })
})

verifies(['DP-06', 'DP-54', 'NG-76'], 'verifies the signature, by every rule for signatures', async (face) => {
  const one = await dpopApi(face)
  const good = one.proofFor()
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const other = one.proofFor().split('.') as [string, string, string]
  const der = createHash('sha512').update('x').digest()
  await expectUnproved(one, 'proof_signature_invalid', {
    'of another proof': { proof: `${header}.${payload}.${other[2]}` },
    'of other claims': { proof: `${header}.${other[1]}.${signature}` },
    none: { proof: `${header}.${payload}.` },
    zero: { proof: `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}` },
    'of chance': { proof: `${header}.${payload}.${der.toString('base64url')}` },
    'too long': { proof: `${header}.${payload}.${Buffer.alloc(65).toString('base64url')}` },
  })
  await expectUnproved(one, 'proof_malformed', {
    crit: { header: { crit: ['x'], x: 1 } },
    'an empty crit': { header: { crit: [] } },
    b64: { header: { b64: false } },
  })
  const { jwk } = one.client
  await expectUnproved(one, 'binding_mismatch', {
    'the point next to it': { header: { jwk: { ...jwk, y: jwk['x'] } } },
    'an empty point': { header: { jwk: { ...jwk, x: '', y: '' } } },
  })
  await expectProved(one, { good: { proof: good } })
})

verifies(['DP-07', 'NG-76', 'NG-77'], 'takes neither private nor weak nor badly written keys', async (face) => {
  const one = await dpopApi(face)
  const { jwk } = one.client
  const secret = { kty: 'oct', k: 'c2VjcmV0' }
  const unfit = (changes: object): Proving => ({ header: { jwk: { ...jwk, ...changes } } })
  await expectUnproved(one, 'proof_key_unfit', {
    private: unfit({ d: 'AQ' }),
    'private with an empty part': unfit({ d: '' }),
    'with k': unfit({ k: 'AQ' }),
    'with p': unfit({ p: 'AQ' }),
    symmetric: { header: { jwk: secret } },
    'for encryption': unfit({ use: 'enc' }),
    'for signing only': unfit({ key_ops: ['sign'] }),
    'for another algorithm': unfit({ alg: 'ES384' }),
    'of another type': unfit({ kty: 'RSA' }),
    'of a type in lower case': unfit({ kty: 'ec' }),
    'of another curve': unfit({ crv: 'P-384' }),
  })
  // A token may have been bound to such a key all the same.
  const bad = {
    'off the curve': { ...jwk, y: jwk['x'] },
    'a padded member': { ...jwk, x: `${jwk['x'] as string}=` },
    'RSA of 1,024 bits': { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(128, 0xc1).toString('base64url') },
    'RSA of 512 bits': { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(64, 0xc1).toString('base64url') },
    'RSA with a leading zero': {
      kty: 'RSA',
      e: 'AQAB',
      n: Buffer.concat([Buffer.alloc(1), Buffer.alloc(256, 0xc1)]).toString('base64url'),
    },
  }
  for (const [name, key] of Object.entries(bad)) {
    const token = one.as.jwt({ claims: { cnf: { jkt: thumbprintOf(key) } } })
    const alg = 'n' in key ? 'RS256' : 'ES256'
    await expectUnproved(one, 'proof_key_unfit', { [name]: { token, header: { jwk: key, alg } } })
  }
  await expectProved(one, {
    'in another order, with more': {
      header: {
        jwk: Object.fromEntries(Object.entries({ ...jwk, x5c: ['AA'], kid: 'k', use: 'sig', ext: true }).toReversed()),
      },
    },
  })
})

verifies(['DP-08', 'DP-27'], 'takes the method of the request, letter by letter', async (face) => {
  const one = await dpopApi(face)
  await expectUnproved(one, 'proof_other_request', {
    'GET for POST': { method: 'POST', sent: 'GET' },
    'POST for GET': { method: 'GET', sent: 'POST' },
    'in lower case': { claims: { htm: 'get' } },
    'with a blank': { claims: { htm: 'GET ' } },
  })
  const head = await one.prove({ sent: 'HEAD' })
  expect([head.status, one.reasons().at(-1)]).toEqual([401, 'proof_other_request'])
  await expectProved(one, { GET: {}, POST: { method: 'POST' }, HEAD: { method: 'HEAD' }, PATCH: { method: 'PATCH' } })
})

const ROUTES = { '/a': [], '/a/': [], '/a/b': [], '/~u/a': [], '/%7eu/a': [], '/a%2fb': [], '/a%2Fb': [], '/a//b': [] }

const htu = (url: string, path = '/a'): Proving => ({ path, claims: { htu: url } })

verifies(['DP-09', 'DP-10'], 'takes equivalent spellings of the URI, without query and fragment', async (face) => {
  const one = await dpopApi(face, { routes: ROUTES })
  await expectProved(one, {
    'a query of the request': htu('https://api.example.com/a', '/a?x=1&y=%20'),
    'a query of the proof': htu('https://api.example.com/a?z'),
    'a fragment of the proof': htu('https://api.example.com/a#z'),
    'scheme and host in capitals': htu('HTTPS://API.Example.COM/a'),
    'the default port': htu('https://api.example.com:443/a'),
    'an empty port': htu('https://api.example.com:/a'),
    'no path': htu('https://api.example.com', '/'),
    'dot segments': htu('https://api.example.com/x/../a'),
    'a dot': htu('https://api.example.com/./a'),
    'an escaped dot': htu('https://api.example.com/%2e/a'),
    'an escaped letter': htu('https://api.example.com/%61'),
    'an escaped tilde': htu('https://api.example.com/%7Eu/./a', '/~u/a'),
    'the case of an escape': htu('https://api.example.com/a%2fb', '/a%2Fb'),
  })
})

verifies(['DP-11', 'DP-12', 'NG-78'], 'takes no other URI', async (face) => {
  const one = await dpopApi(face, { routes: ROUTES })
  const urls = [
    ['/a', '/a/'],
    ['/a/', '/a'],
    ['/a//b', '/a/b'],
    ['/a/b', '/a//b'],
    ['/a%2Fb', '/a/b'],
    ['/a/b', '/a%2Fb'],
    ['/A', '/a'],
    ['/a;x', '/a'],
    ['/a%20', '/a'],
    ['/a/..', '/a'],
    ['/', '/a'],
  ] as const
  const others = [
    'http://api.example.com/a',
    'https://api.example.com:444/a',
    'https://api.example.com:0443x/a',
    'https://api.example/a',
    'https://api.example.com./a',
    'https://www.api.example.com/a',
    'https://api.example.com.evil.example/a',
    'https://u@api.example.com/a',
    'https://u:p@api.example.com/a',
    'https://@api.example.com/a',
    'https://api.example.com@evil.example/a',
    'ftp://api.example.com/a',
    'wss://api.example.com/a',
    '/a',
    'a',
    '//api.example.com/a',
    'https:/api.example.com/a',
    'https:api.example.com/a',
    String.raw`https://api.example.com\a`,
    String.raw`https:\\api.example.com\a`,
    'https://api.example.com/\ta',
    ' https://api.example.com/a',
    'https://api.example.com/a ',
    'https://api.example.com/a\n',
    'https://ａpi.example.com/a',
    'https://api.example.com/%zz/../a',
    'https://api.example.com/%',
    'https://[::1]/a',
    'https://2130706433/a',
    'https://api.example.com:99999/a',
    'https://',
    'https:///a',
    'urn:example:a',
    'javascript:alert(1)',
    `https://api.example.com/${'x'.repeat(4_000)}`,
    'https://api.example.com/a\u0000',
    'https://api.exam\u00adple.com/a',
  ]
  await expectUnproved(
    one,
    'proof_other_request',
    Object.fromEntries([
      ...urls.map(([said, path]): [string, Proving] => [
        `${said} for ${path}`,
        { path, claims: { htu: AUDIENCE + said } },
      ]),
      ...others.map((url): [string, Proving] => [url, { path: '/a', claims: { htu: url } }]),
    ]),
  )
  await expectUnproved(one, 'proof_malformed', { 'of 100,000 characters': { proof: `e.${'x'.repeat(9_000)}.e` } })
  await expectProved(one, {
    '/a': { path: '/a' },
    '/a/': { path: '/a/' },
    '/a//b': { path: '/a//b' },
    '/a%2Fb': { path: '/a%2Fb' },
  })
})

verifies(
  ['DP-15', 'DP-16', 'LM-16', 'LM-17', 'NG-75'],
  'takes a proof from a minute ago to half a minute ahead',
  async (face) => {
    const one = await dpopApi(face)
    const at = (seconds: number): Proving => ({ claims: { iat: one.as.clock.wall() / 1_000 + seconds } })
    await expectProved(one, {
      now: at(0),
      'a minute old': at(-60),
      'half a minute ahead': at(30),
      'a little ahead': at(10),
    })
    await expectUnproved(one, 'proof_out_of_time', {
      old: at(-61),
      ahead: at(31),
      'made in advance': at(3_600),
      'of 1970': { claims: { iat: 0 } },
      'in milliseconds': { claims: { iat: one.as.clock.wall() } },
      huge: { claims: { iat: 1e308 } },
      negative: { claims: { iat: -1 } },
    })
    const strict = await dpopApi(face, { options: { dpop: { maxAge: '5s', maxAhead: '0s' } } })
    const strictAt = (seconds: number): Proving => ({ claims: { iat: strict.as.clock.wall() / 1_000 + seconds } })
    await expectProved(strict, { now: strictAt(0), fresh: strictAt(-5) })
    await expectUnproved(strict, 'proof_out_of_time', { old: strictAt(-6), ahead: strictAt(1) })
    const base = { issuer: 'https://as.test', audience: AUDIENCE }
    for (const wrong of [{ maxAge: '4s' }, { maxAge: '301s' }, { maxAhead: '61s' }, { maxAge: 60 }] as never[]) {
      expect(() => face.protect({ ...base, dpop: wrong })).toThrow(/^option "dpop\.max/)
    }
  },
)

verifies('DP-17', 'obeys exp and nbf where a proof has them', async (face) => {
  const one = await dpopApi(face)
  const now = one.as.clock.wall() / 1_000
  await expectProved(one, {
    both: { claims: { exp: now + 1, nbf: now } },
    'nbf a little ahead': { claims: { nbf: now + 20 } },
  })
  await expectUnproved(one, 'proof_out_of_time', {
    expired: { claims: { exp: now - 1 } },
    'just now': { claims: { exp: now } },
    early: { claims: { nbf: now + 40 } },
  })
  await expectUnproved(one, 'proof_malformed', {
    'exp as text': { claims: { exp: `${now + 10}` } },
    'nbf as text': { claims: { nbf: 'now' } },
  })
})

const ath = (value: string): Proving => ({ claims: { ath: value } })

verifies('DP-18', 'takes a proof for the token that it comes with', async (face) => {
  const one = await dpopApi(face)
  const other = one.as.jwt(one.client.bound({ sub: 'other' }))
  const digest = createHash('sha256').update(one.token).digest()
  await expectUnproved(one, 'proof_other_token', {
    'of another token': { proof: one.proofFor({ token: other }) },
    padded: ath(digest.toString('base64')),
    'with a sign of equality': ath(`${digest.toString('base64url')}=`),
    hex: ath(digest.toString('hex')),
    'the token itself': ath(one.token),
    sha512: ath(createHash('sha512').update(one.token).digest('base64url')),
    cut: ath(digest.toString('base64url').slice(0, 42)),
  })
  await expectProved(one, { right: ath(digest.toString('base64url')), 'the other': { token: other } })
})

verifies(['DP-19', 'DP-27'], 'takes a proof by the key that the token is bound to', async (face) => {
  const one = await dpopApi(face)
  const thief = one.as.dpopClient()
  for (const token of [one.token, one.as.opaque(one.client.bound())]) {
    await expectUnproved(one, 'binding_mismatch', {
      'of a thief': { token, proof: thief.proof({ url: `${AUDIENCE}/`, token }) },
    })
    // With the header of the owner, whose key it has not.
    const { privateKey } = pairFor('ES256', 'thief')
    const claims = {
      jti: 'x',
      htm: 'GET',
      htu: `${AUDIENCE}/`,
      iat: one.as.clock.wall() / 1_000,
      ath: createHash('sha256').update(token).digest('base64url'),
    }
    const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: one.client.jwk }
    await expectUnproved(one, 'proof_signature_invalid', {
      forged: { token, proof: jws(header, claims, signerFor('ES256', privateKey)) },
    })
    await expectProved(one, { owner: { token } })
  }
})

verifies('DP-27', 'is not moved by any single change', async (face) => {
  const one = await dpopApi(face)
  const changes = fc.oneof(
    fc.record({
      claims: fc.dictionary(
        fc.constantFrom('htm', 'htu', 'iat', 'ath', 'exp'),
        fc.oneof(fc.constant(null), fc.integer({ max: 1_000 }), fc.string({ maxLength: 40 })),
        { minKeys: 1, maxKeys: 2 },
      ),
    }),
    fc.record({
      header: fc.dictionary(
        fc.constantFrom('typ', 'alg', 'jwk', 'crit'),
        fc.oneof(fc.constant(null), fc.string(), fc.constant({})),
        { minKeys: 1, maxKeys: 2 },
      ),
    }),
    fc.tuple(fc.nat({ max: 300 }), fc.constantFrom('A', 'B', '.', '=')).map(([at, by]) => {
      const proof = one.proofFor()
      const changed = proof.slice(0, at) + by + proof.slice(at + 1)
      return { proof: changed === proof ? `${proof}A` : changed }
    }),
  )
  for (const proving of fc.sample(changes, { seed: 27, numRuns: 120 })) {
    const reply = await one.prove(proving)
    expect([JSON.stringify(proving), reply.status]).toEqual([JSON.stringify(proving), 401])
  }
  expect(one.handled()).toBe(0)
  await expectProved(one, { unchanged: {} })
})

verifies(['DP-24', 'DP-25', 'CH-12'], 'takes no token whose binding cannot be told', async (face) => {
  const one = await dpopApi(face)
  const { jkt } = one.client
  const unknown = {
    'no thumbprint': { jkt: '' },
    'a short one': { jkt: jkt.slice(1) },
    'a padded one': { jkt: `${jkt}=` },
    'a list': { jkt: [jkt] },
    null: { jkt: null },
    kid: { kid: 'x' },
    jwk: { jwk: one.client.jwk },
    nothing: {},
    'a certificate': { 'x5t#S256': jkt },
  }
  for (const [name, cnf] of Object.entries(unknown)) {
    for (const token of [one.as.jwt({ claims: { cnf } }), one.as.opaque({ claims: { cnf } })])
      await expectUnproved(one, 'binding_unsupported', { [name]: { token } })
  }
  for (const cnf of ['x', [jkt], 1]) {
    const token = one.as.jwt({ claims: { cnf } })
    await expectUnproved(one, 'claims_malformed', { [JSON.stringify(cnf)]: { token } })
  }
  await expectUnproved(one, 'binding_unsupported', {
    'by its type alone': { token: one.as.opaque({ claims: { token_type: 'DPoP' } }) },
  })
  const more = { claims: { cnf: { jkt, kid: 'x', 'urn:example': {} } } }
  await expectProved(one, {
    'with members beside': { token: one.as.jwt(more) },
    opaque: { token: one.as.opaque({ ...more, claims: { ...more.claims, token_type: 'DPoP' } }) },
  })
})

verifies(
  ['DP-13', 'DP-14'],
  'holds the URI against what is configured, whatever the request says of hosts',
  async (face) => {
    const one = await dpopApi(face, { routes: { '/a': [] } })
    const evil = [
      'Host',
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'X-Original-URL',
      'X-Forwarded-Prefix',
      'Forwarded',
    ].flatMap((name) => (name === 'Host' ? [] : [name, 'evil.example']))
    await expectUnproved(one, 'proof_other_request', {
      'another host': { path: '/a', url: 'https://evil.example/a', more: evil },
      'the address it came to': { path: '/a', url: `${one.origin}/a` },
    })
    await expectProved(one, { ours: { path: '/a', more: evil } })
    const proxied = await dpopApi(face, {
      options: { dpop: { publicUrl: ['https://api.example.com/v1/', 'https://www.example'] } },
      routes: { '/a': [] },
    })
    await expectProved(proxied, {
      'below a path': { path: '/a', url: 'https://api.example.com/v1/a' },
      'by another name': { path: '/a', url: 'https://www.example/a' },
      root: { url: 'https://api.example.com/v1/' },
    })
    await expectUnproved(proxied, 'proof_other_request', {
      'without the path': { path: '/a', url: 'https://api.example.com/a' },
      'a path that only begins so': { path: '/a', url: 'https://api.example.com/v1x/a' },
    })
    const plain = await api(face, { as: { audience: 'api-1' } })
    const client = plain.as.dpopClient()
    const token = plain.as.jwt(client.bound())
    // Without any URL of ours nothing could be compared: DPoP is off.
    const reply = await plain.get('/', client.fields({ url: `${plain.origin}/`, token }))
    expect([reply.status, reply.headers['www-authenticate'], (await plain.get('/', token)).status]).toEqual([
      401,
      'Bearer realm="api-1"',
      401,
    ])
    expect(plain.reasons()).toEqual(['credentials_missing', 'binding_unsupported'])
  },
)

/** RFC 7638. */
function thumbprintOf({ kty, crv, x, y, n, e }: Readonly<Record<string, unknown>>): string {
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y }
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}
