import {
  base64url,
  claimsOf,
  expectAccepted,
  expectRefused,
  expectRefusals,
  headerFor,
  hmacWith,
  jwkFor,
  jws,
  pairFor,
  publishing,
  signerFor,
} from '../forge.ts'
import { decryption, jwe, jweHeader, OPENING, recipients } from '../jwe.ts'
import { expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const sealed = (content: string, changes: object = {}): string => jwe(jweHeader(changes), content)

verifies('NG-27', 'reads no text in two ways', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { introspection: false } })
  const claims = claimsOf(as)
  const good = jws(headerFor('ES256'), claims, signerFor('ES256'))
  const [header, payload, signature] = good.split('.')
  const admin = base64url({ ...claims, sub: 'admin' })
  await expectAccepted(one, good)
  const serialized = {
    general: JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
    flattened: JSON.stringify({ protected: header, payload, signature }),
    polyglot: `{"  ${header}.${admin}.":"","protected":"${header}","payload":"${payload}","signature":"${signature}"}`,
    'polyglot without spaces': `{"${header}.${admin}.${signature}":"","payload":"${payload}"}`,
    unprotected: JSON.stringify({ header: { alg: 'none' }, payload: admin, signature: '' }),
    'one member': `{"${header}.${payload}.${signature}":1}`,
    'an array': `["${header}","${payload}","${signature}"]`,
    quoted: `"${good}"`,
  }
  for (const [name, text] of Object.entries(serialized)) {
    const reply = await one.get('/', text)
    expect([name, reply.status, one.reasons().at(-1)]).toEqual([name, 400, 'credentials_malformed'])
  }
  await expectRefused(one, 'token_malformed', {
    'without quotes': `{${header}.${payload}.${signature}}`,
    'brace before': `{${good}`,
    brackets: `[${good}]`,
    parentheses: `(${header}.${admin}.)`,
    colon: `${header}:${payload}.${payload}.${signature}`,
    'serialized in the header': `${base64url(serialized.flattened)}.${admin}.${signature}`,
    'serialized in the payload': `${header}.${base64url(`[${serialized.flattened}]`)}.${signature}`,
  })
  await expectRefusals(one, {
    'serialized and encoded': [base64url(serialized.flattened), 'opaque_unsupported'],
    'with both in one header': [
      jws(
        { ...headerFor('ES256'), payload, signature, signatures: [{ protected: header, signature }] },
        { ...claims, sub: 'admin' },
        () => Buffer.from(signature!, 'base64url'),
      ),
      'signature_invalid',
    ],
    'payload of another token': [`${header}.${admin}.${signature}`, 'signature_invalid'],
    nested: [jws(headerFor('ES256', { cty: 'JWT' }), claims, signerFor('ES256')), 'token_malformed'],
  })
  expect(one.handled()).toBe(1)
})

verifies('NG-28', 'takes no encryption for a proof', async (face) => {
  const as = await publishing([jwkFor('ES256'), jwkFor('RS256')])
  const claims = claimsOf(as)
  const signed = (changes: object = {}, header: object = {}): string =>
    jws(headerFor('ES256', header), { ...claims, ...changes }, signerFor('ES256'))
  const unsigned = `${base64url({ alg: 'none', typ: 'at+jwt' })}.${base64url(claims)}.`
  const attacker = pairFor('ES256', 'attacker').privateKey
  const pem = recipients.rsa.publicKey.export({ format: 'pem', type: 'spki' })

  const without = await api(face, { as, options: { introspection: false } })
  await expectRefused(without, 'token_encrypted', {
    unsigned: sealed(unsigned),
    claims: sealed(JSON.stringify(claims)),
    signed: sealed(signed()),
  })

  const one = await api(face, { as, options: OPENING })
  await expectAccepted(one, signed(), sealed(signed()), sealed(signed(), { typ: undefined }))
  await expectRefused(one, 'token_malformed', {
    claims: sealed(JSON.stringify(claims)),
    'claims, cty absent': sealed(JSON.stringify(claims), { cty: undefined }),
    'signed, cty absent': sealed(signed(), { cty: undefined }),
    'signed, cty of claims': sealed(signed(), { cty: 'json' }),
    'signed, cty of another type': sealed(signed(), { cty: ['JWT'] }),
    nothing: sealed(' '),
    'two segments': sealed(`${base64url(headerFor('ES256'))}.${base64url(claims)}`),
    'unsigned without its period': sealed(unsigned.slice(0, -1)),
    'signed and more': sealed(`${signed()} `),
    'signed, padded': sealed(`${signed()}=`),
    'with a byte order mark': sealed(`\ufeff${signed()}`),
    serialized: sealed(JSON.stringify({ payload: base64url(claims), signatures: [] })),
    'encrypted twice': sealed(sealed(signed())),
    'encrypted twice, claims': sealed(sealed(JSON.stringify(claims))),
    'nested once more': sealed(signed({}, { cty: 'JWT' })),
  })
  await expectRefusals(one, {
    unsigned: [sealed(unsigned), 'algorithm_not_allowed'],
    'unsigned, with a signature': [sealed(`${unsigned}AAAA`), 'algorithm_not_allowed'],
    'signed by nobody': [sealed(`${signed().split('.', 2).join('.')}.`), 'signature_invalid'],
    'signed by an attacker': [
      sealed(jws(headerFor('ES256'), claims, signerFor('ES256', attacker))),
      'signature_invalid',
    ],
    'signed by the recipient': [
      sealed(jws(headerFor('RS256'), claims, signerFor('RS256', recipients.rsa.privateKey))),
      'signature_invalid',
    ],
    'signed with our public key': [sealed(jws(headerFor('HS256'), claims, hmacWith(pem))), 'algorithm_not_allowed'],
    'an ID token': [sealed(signed({}, { typ: 'JWT' })), 'type_wrong'],
    'for another API': [sealed(signed({ aud: 'https://other.example' })), 'audience_wrong'],
    expired: [sealed(signed({ iat: 1, exp: 2 })), 'token_expired'],
    'of another issuer': [sealed(signed({ iss: 'https://evil.example' })), 'issuer_wrong'],
    bound: [sealed(signed({ cnf: { jkt: 'x' } })), 'binding_unsupported'],
    'with a header that says otherwise': [sealed(signed(), { sub: 'admin' }), 'claims_malformed'],
    'with the issuer as a list': [sealed(signed(), { iss: [as.issuer] }), 'claims_malformed'],
  })
})

verifies('NG-28', 'takes nothing from the header of an encrypted token but how to open it', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { ...OPENING, jwt: { decryption: { ...decryption, required: true } } } })
  const signed = jws(headerFor('ES256'), claimsOf(as), signerFor('ES256'))
  await expectAccepted(one, jwe(jweHeader(), signed))
  await expectRefused(one, 'token_unencrypted', { 'signed only': signed })
  await expectRefused(one, 'critical_unsupported', {
    crit: jwe(jweHeader({ crit: ['exp'], exp: 0 }), signed),
    empty: jwe(jweHeader({ crit: [] }), signed),
  })
  await expectRefused(one, 'token_malformed', {
    'another type': jwe(jweHeader({ typ: 'dpop+jwt' }), signed),
    'duplicate members': jwe(`{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT","kid":"rsa","kid":"ec"}`, signed),
  })
  await expectRefused(one, 'decryption_failed', {
    'unknown kid': jwe(jweHeader({ kid: 'other' }), signed),
    'kid of another type': jwe(jweHeader({ kid: 1 }), signed),
    'kid of the other key': jwe(jweHeader({ kid: 'ec' }), signed),
    'kid by prototype': jwe(jweHeader({ kid: '__proto__' }), signed),
    'a key along': jwe(jweHeader({ kid: undefined, jwk: jwkFor('ES256') }), signed),
    'alg dir': jwe(jweHeader({ alg: 'dir' }), signed, () => Buffer.alloc(0)),
    'alg none': jwe(jweHeader({ alg: 'none' }), signed),
    'alg in lower case': jwe(jweHeader({ alg: 'rsa-oaep-256' }), signed),
    'alg that is weaker': jwe(jweHeader({ alg: 'RSA-OAEP' }), signed),
    'alg for a shared key': jwe(jweHeader({ alg: 'A256KW' }), signed),
    'alg of another type': jwe(jweHeader({ alg: ['RSA-OAEP-256'] }), signed),
    'enc that is not allowed': jwe(jweHeader({ enc: 'A128GCM' }), signed),
    'enc none': jwe(jweHeader({ enc: 'none' }), signed),
    'enc by prototype': jwe(jweHeader({ enc: 'constructor' }), signed),
    'no enc': jwe(jweHeader({ enc: undefined }), signed),
  })
})
