import { clientOnly, createResourceServer, type Http, login, type Reason, userOnly } from '@holdfast/core'
import { testAuthorizationServer, testClock } from '@holdfast/testing'
import { expect } from 'vitest'
import {
  claimsOf,
  expectAccepted,
  expectRefused,
  headerFor,
  jwkFor,
  jws,
  pairFor,
  publishing,
  signerFor,
} from '../forge.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE, type Plan } from '../world.ts'

const A = 'https://as.test/a'
const B = 'https://as.test/b'

/** Two issuers at one host, each with its own key under the same name. */
async function neighbours(): Promise<Plan & { readonly as: NonNullable<Plan['as']> }> {
  const clock = testClock()
  const [a, b] = await Promise.all(
    [A, B].map((issuer) => testAuthorizationServer({ audience: AUDIENCE, clock, issuer })),
  )
  a!.respond('keys', { body: { keys: [jwkFor('ES256', { kid: 'k' }, 'a')] } })
  b!.respond('keys', { body: { keys: [jwkFor('ES256', { kid: 'k' }, 'b')] } })
  const http: Http = {
    send: (request) => (/\/b(?:\/|$)/.test(new URL(request.url).pathname) ? b! : a!).http.send(request),
    close: async () => undefined,
  }
  return {
    as: a!,
    server: (_, observe) =>
      createResourceServer({
        audience: AUDIENCE,
        issuers: [a!.issuerOptions({ introspection: false }), b!.issuerOptions({ introspection: false })],
        ports: { clock, http },
        observe,
      }),
  }
}

verifies('NG-54', 'lets the keys of one issuer vouch for no other', async (face) => {
  const plan = await neighbours()
  const one = await api(face, plan)
  const by = (owner: string, iss: string, header: object = {}): string =>
    jws(
      headerFor('ES256', { kid: 'k', ...header }),
      claimsOf(one.as, { iss }),
      signerFor('ES256', pairFor('ES256', owner).privateKey),
    )
  await expectAccepted(one, by('a', A), by('b', B))
  const crossed = {
    'key of A, named B': by('a', B),
    'key of B, named A': by('b', A),
    'without kid': by('a', B, { kid: undefined }),
    'with the key along': by('a', B, { jwk: jwkFor('ES256', {}, 'a') }),
    'pointing home': by('a', B, { jku: `${A}/jwks` }),
    'with iss in the header': by('a', B, { iss: A }),
  }
  await expectRefused(one, 'signature_invalid', crossed)
  // Nor after the good ones are known, nor when the claims name both.
  await expectAccepted(one, by('a', A), by('b', B))
  await expectRefused(one, 'signature_invalid', crossed)
  await expectRefused(one, 'issuer_unknown', {
    both: jws(
      headerFor('ES256', { kid: 'k' }),
      claimsOf(one.as, { iss: [A, B] }),
      signerFor('ES256', pairFor('ES256', 'a').privateKey),
    ),
    'the host they share': by('a', 'https://as.test'),
    'a path below': by('a', `${A}/b`),
  })
})

verifies('NG-54', 'keeps to an issuer in what introspection answers, too', async (face) => {
  const one = await api(face)
  await expectAccepted(one, one.as.opaque(), one.as.opaque({ claims: { iss: undefined } }))
  for (const iss of ['https://other.test', `${one.as.issuer}/`, '']) {
    await expectRefused(one, 'issuer_wrong', { [iss]: one.as.opaque({ claims: { iss } }) })
  }
})

const THUMBPRINT = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'

verifies('NG-55', 'does nothing for whoever does not prove the key of a bound token', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as })
  const bound = (cnf: unknown): string => jws(headerFor('ES256'), claimsOf(as, { cnf }), signerFor('ES256'))
  await expectAccepted(one, jws(headerFor('ES256'), claimsOf(as), signerFor('ES256')))
  const confirmations = {
    jkt: { jkt: THUMBPRINT },
    'x5t#S256': { 'x5t#S256': THUMBPRINT },
    jwk: { jwk: jwkFor('ES256', {}, 'client') },
    jwe: { jwe: 'a.b.c.d.e' },
    kid: { kid: 'client' },
    jku: { jku: 'https://client.example/jwks', kid: 'client' },
    both: { jkt: THUMBPRINT, 'x5t#S256': THUMBPRINT },
    'something new': { next: 'x' },
    nothing: {},
    'an inherited name': { toString: 'x' },
    'jkt of another type': { jkt: null },
  }
  const { as: own } = one
  const both = (name: keyof typeof confirmations): readonly (readonly [string, string])[] => [
    [`JWT, ${name}`, bound(confirmations[name])],
    [`opaque, ${name}`, own.opaque({ claims: { cnf: confirmations[name] } })],
  ]
  const { jkt: _, ...unsupported } = confirmations
  const names = Object.keys(unsupported) as (keyof typeof unsupported)[]
  await expectRefused(one, 'binding_unproven', Object.fromEntries(both('jkt')))
  await expectRefused(one, 'binding_unsupported', Object.fromEntries(names.flatMap(both)))
  await expectRefused(one, 'binding_unsupported', {
    'opaque of type DPoP': own.opaque({ claims: { token_type: 'DPoP' } }),
    'opaque of type dpop': own.opaque({ claims: { token_type: 'dpop' } }),
    'JWT of type DPoP': jws(headerFor('ES256'), claimsOf(as, { token_type: 'DPoP' }), signerFor('ES256')),
  })

  // With what a thief can add: a proof by his own key, headers that a proxy would set.
  const { privateKey } = pairFor('ES256', 'thief')
  const proof = jws(
    { alg: 'ES256', typ: 'dpop+jwt', jwk: jwkFor('ES256', {}, 'thief') },
    { htm: 'GET', htu: one.origin, jti: 'x', iat: as.clock.wall() / 1_000 },
    signerFor('ES256', privateKey),
  )
  const forged = [
    ['DPoP', proof],
    ['Client-Cert', ':MIIB:'],
    ['X-Forwarded-Client-Cert', `Hash=${THUMBPRINT}`],
    ['X-SSL-Client-Cert', 'MIIB'],
    ['X-Client-Cert-Thumbprint', THUMBPRINT],
  ]
  for (const cnf of [confirmations.jkt, confirmations['x5t#S256']]) {
    for (const fields of forged) {
      for (const scheme of ['Bearer', 'DPoP']) {
        const reply = await one.get('/', ['Authorization', `${scheme} ${bound(cnf)}`, ...fields])
        expect([scheme, fields[0], reply.status]).toEqual([scheme, fields[0], 401])
      }
    }
  }
  expect(one.handled()).toBe(1)
})

verifies('NG-55', 'believes the stricter of token and answer about a binding', async (face) => {
  const one = await api(face, { options: { jwt: { mode: 'online' } } })
  await expectAccepted(one, one.as.jwt())
  const answered = async (token: string, cnf: unknown, reason: Reason = 'binding_unproven'): Promise<void> => {
    const body = { active: true, token_type: 'Bearer', aud: AUDIENCE, ...(cnf === undefined ? {} : { cnf }) }
    one.as.respond('introspection', { body, times: 1 })
    await expectRefused(one, reason, { [JSON.stringify(cnf) ?? 'none']: token })
  }
  await answered(one.as.jwt(), { jkt: THUMBPRINT })
  await answered(one.as.jwt({ claims: { cnf: { jkt: THUMBPRINT } } }), undefined)
  await answered(one.as.jwt({ claims: { cnf: { jkt: THUMBPRINT } } }), null)
  // Two keys are none that could be proved, and the certificate of one takes nothing away from the key of the other.
  await answered(
    one.as.jwt({ claims: { cnf: { jkt: THUMBPRINT } } }),
    { jkt: THUMBPRINT.toLowerCase() },
    'binding_unsupported',
  )
  await answered(
    one.as.jwt({ claims: { cnf: { jkt: THUMBPRINT } } }),
    { 'x5t#S256': THUMBPRINT },
    'binding_unsupported',
  )
})

verifies('NG-58', "takes no client's own token for a user's", async (face) => {
  const one = await api(face, {
    routes: { '/me': [userOnly()], '/jobs': [clientOnly()], '/pay': [login({ maxAge: '5m' })] },
  })
  const { as } = one
  const now = as.clock.wall() / 1_000
  const user = { sub: 'alice', clientId: 'shop', claims: { auth_time: now } }
  for (const kind of ['jwt', 'opaque'] as const) {
    const mint = (options: object): string => as[kind](options)
    const at = async (path: string, options: object): Promise<number> => (await one.get(path, mint(options))).status
    expect([await at('/me', user), await at('/jobs', user), await at('/pay', user)]).toEqual([200, 403, 200])
    // A client that registered under the identifier of a user.
    const clients = {
      plain: { sub: 'alice', clientId: 'alice' },
      'with the name of a user': {
        sub: 'alice',
        clientId: 'alice',
        claims: { username: 'alice', preferred_username: 'alice', email: 'alice@example.com' },
      },
      'with marks of a login': { sub: 'alice', clientId: 'alice', claims: { auth_time: now, amr: ['pwd'], sid: 's' } },
      'by azp alone': { sub: 'alice', claims: { client_id: 'svc', azp: 'alice' } },
      'without sub': { clientId: 'alice', claims: { sub: kind === 'jwt' ? 'alice' : undefined } },
      'that says nothing': { sub: 'alice', clientId: 'shop' },
      'by a grant': { sub: 'alice', clientId: 'alice', claims: { gty: 'client-credentials', grant_type: 'password' } },
    }
    for (const [name, options] of Object.entries(clients)) {
      const reply = await one.get('/me', mint(options))
      expect([name, reply.status, reply.body]).toEqual([name, 403, '{"error":"access_denied"}'])
    }
    expect([await at('/jobs', clients.plain), await at('/pay', clients.plain)]).toEqual([200, 401])
    expect(await at('/jobs', clients['with marks of a login'])).toBe(403)
  }
})
