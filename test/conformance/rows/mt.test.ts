import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { fresh } from '@holdfast/core'
import { generate } from 'selfsigned'
import { expect } from 'vitest'
import {
  as as by,
  ASKING,
  boundTo,
  CLIENT,
  clientCert,
  type Identity,
  sha1ThumbprintOf,
  THIEF,
  thumbprintOf,
} from '../certificates.ts'
import { agreed } from '../kinds.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE, type Plan } from '../world.ts'

const PLAN: Plan = { tls: ASKING, options: { mtls: 'allowed' } }

const sayBinding: NonNullable<Plan['handle']> = ({ auth }) => ({ status: 200, text: JSON.stringify(auth().binding) })

/** A JWT and an opaque token with the same claims. */
const both = ({ as }: Api, claims: Readonly<Record<string, unknown>>): readonly string[] => [
  as.jwt({ claims }),
  as.opaque({ claims }),
]

/** Status and reason for a token of either kind that comes over a connection; the two must not differ. */
async function outcomeOf(one: Api, claims: Readonly<Record<string, unknown>>, tls: ConnectionOptions): Promise<string> {
  return agreed(both(one, claims), async (token) => {
    const before = one.reasons().length
    const { status } = await one.get('/', token, tls)
    return [status, ...one.reasons().slice(before)].join(' ')
  })
}

verifies('MT-01', 'takes a bound token from the client that shows its certificate', async (face) => {
  const one = await api(face, PLAN)
  expect(await outcomeOf(one, boundTo(CLIENT), by(CLIENT))).toBe('200')
  expect(await outcomeOf(one, boundTo(THIEF), by(THIEF))).toBe('200')
})

verifies(['MT-01', 'MT-05'], 'tells handlers what the token is bound to', async (face) => {
  const one = await api(face, { ...PLAN, handle: sayBinding })
  for (const token of both(one, boundTo(CLIENT))) {
    const { body } = await one.get('/', token, by(CLIENT))
    expect(JSON.parse(body)).toEqual({ by: 'mtls', x5tS256: thumbprintOf(CLIENT) })
  }
  const { body } = await one.get('/', one.as.jwt(), by(CLIENT))
  expect(JSON.parse(body)).toEqual({ by: 'none' })
})

verifies('MT-02', 'refuses it from a client that shows another', async (face) => {
  const one = await api(face, PLAN)
  expect(await outcomeOf(one, boundTo(CLIENT), by(THIEF))).toBe('401 binding_mismatch')
  const { status, lines } = await one.get('/', one.as.jwt({ claims: boundTo(CLIENT) }), by(THIEF))
  expect([status, lines('www-authenticate').filter((line) => line.startsWith('Bearer '))]).toEqual([
    401,
    [expect.stringContaining('error="invalid_token"')],
  ])
  expect(one.handled()).toBe(0)
})

verifies('MT-02', 'on every request of a connection, whatever it was good for before', async (face) => {
  const one = await api(face, PLAN)
  const [mine, stolen] = [one.as.jwt({ claims: boundTo(THIEF) }), one.as.jwt({ claims: boundTo(CLIENT) })]
  // The owner has used it, so it is known: that makes no difference.
  expect((await one.get('/', stolen, by(CLIENT))).status).toBe(200)
  const statuses = []
  for (const token of [mine, stolen, mine, stolen]) statuses.push((await one.get('/', token, by(THIEF))).status)
  expect(statuses).toEqual([200, 401, 200, 401])
})

verifies('MT-03', 'refuses it without a certificate, with TLS and without', async (face) => {
  const one = await api(face, PLAN)
  expect(await outcomeOf(one, boundTo(CLIENT), by())).toBe('401 certificate_missing')
  const plain = await api(face, { options: { mtls: 'allowed' } })
  expect(await outcomeOf(plain, boundTo(CLIENT), {})).toBe('401 certificate_missing')
  // A server that does not ask gets none to see.
  const silent = await api(face, { ...PLAN, tls: { ...ASKING, requestCert: false } })
  expect(await outcomeOf(silent, boundTo(CLIENT), by(CLIENT))).toBe('401 certificate_missing')
})

verifies('MT-04', 'takes one spelling of the thumbprint', async (face) => {
  const one = await api(face, PLAN)
  const right = thumbprintOf(CLIENT)
  expect(right).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(await outcomeOf(one, { cnf: { 'x5t#S256': right } }, by(CLIENT))).toBe('200')
  const hex = Buffer.from(right, 'base64url').toString('hex')
  for (const wrong of [
    `${right}=`,
    `${right}\n`,
    ` ${right}`,
    right.slice(1),
    `${right}AA`,
    hex,
    '',
    7,
    null,
    [right],
  ]) {
    expect([wrong, await outcomeOf(one, { cnf: { 'x5t#S256': wrong } }, by(CLIENT))]).toEqual([
      wrong,
      '401 binding_unsupported',
    ])
  }
})

verifies('MT-05', 'asks for the certificate that the answer about a token names', async (face) => {
  const one = await api(face, { ...PLAN, options: { mtls: 'allowed', jwt: { mode: 'online' } } })
  const token = one.as.jwt()
  one.as.respond('introspection', {
    body: { active: true, aud: AUDIENCE, ...boundTo(CLIENT) },
    times: 1,
  })
  const statuses = []
  for (const client of [CLIENT, THIEF, undefined]) statuses.push((await one.get('/', token, by(client))).status)
  expect(statuses).toEqual([200, 401, 401])
})

verifies('MT-05', 'holds newer evidence to the certificate that the request has shown', async (face) => {
  const one = await api(face, { ...PLAN, routes: { '/refunds': [fresh('1s')] } })
  const token = one.as.opaque({ claims: boundTo(CLIENT) })
  const statuses = []
  for (const path of ['/', '/refunds']) {
    one.as.clock.advance('10s')
    statuses.push((await one.get(path, token, by(CLIENT))).status)
  }
  one.as.clock.advance('10s')
  const { cnf } = boundTo(THIEF)
  one.as.respond('introspection', { body: { active: true, aud: AUDIENCE, cnf }, times: 1 })
  statuses.push((await one.get('/refunds', token, by(CLIENT))).status)
  expect([statuses, one.reasons()]).toEqual([[200, 200, 401], ['binding_mismatch']])
})

verifies('MT-06', 'needs nobody to vouch for a certificate, nor that it has not expired', async (face) => {
  const one = await api(face, PLAN)
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'old' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date('2001-01-01'),
    notAfterDate: new Date('2002-01-01'),
  })
  expect(await outcomeOf(one, boundTo({ cert }), by({ cert, key }))).toBe('200')
  const page = readFileSync(join(import.meta.dirname, '../../../docs/sender-constrained.md'), 'utf8')
  expect(page).toContain('requestCert: true')
  expect(page).toContain('rejectUnauthorized: false')
})

verifies('MT-07', 'digests the octets that the handshake showed, whatever PEM they were kept in', async (face) => {
  const one = await api(face, PLAN)
  const [head, ...lines] = CLIENT.cert.trim().split(/\r?\n/)
  const body = lines.slice(0, -1).join('')
  const reflowed = [`Some text before\n${head}`, ...(body.match(/.{1,40}/g) ?? []), lines.at(-1), ''].join('\n')
  expect(reflowed).not.toBe(CLIENT.cert)
  expect(await outcomeOf(one, boundTo(CLIENT), by({ ...CLIENT, cert: reflowed }))).toBe('200')
})

verifies('MT-08', 'takes the certificate of the client, and none that is above it', async (face) => {
  const one = await api(face, PLAN)
  const made = await generate([{ name: 'commonName', value: 'authority' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
    clientCertificate: { cn: 'leaf', keyType: 'ec', algorithm: 'sha256' },
  })
  const [leaf, authority] = [{ cert: made.clientcert! }, { cert: made.cert }]
  const chain: Identity = { cert: `${leaf.cert.trim()}\n${authority.cert}`, key: made.clientprivate! }
  expect(await outcomeOf(one, boundTo(leaf), by(chain))).toBe('200')
  expect(await outcomeOf(one, boundTo(authority), by(chain))).toBe('401 binding_mismatch')
})

/** A session to resume, and what shows that it was resumed. */
async function sessionOf(origin: string, options: ConnectionOptions): Promise<Buffer> {
  const { hostname: host, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ host, port: Number(port), ...options })
    socket.on('error', reject)
    socket.once('session', (session) => {
      socket.destroy()
      resolve(session)
    })
  })
}

verifies('MT-09', 'knows the client of a resumed session by its certificate', async (face) => {
  const resumed: boolean[] = []
  const handle: Plan['handle'] = ({ body }) => {
    resumed.push((body as unknown as { readonly socket: TLSSocket }).socket.isSessionReused())
    return { status: 200, text: 'served' }
  }
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const one = await api(face, { ...PLAN, handle })
    const limits = { minVersion: version, maxVersion: version }
    const session = await sessionOf(one.origin, by(CLIENT, limits))
    const [mine, other] = [one.as.jwt({ claims: boundTo(CLIENT) }), one.as.jwt({ claims: boundTo(THIEF) })]
    // A session vouches for whom it was made with: who resumes it shows no certificate again.
    expect((await one.get('/', mine, by(undefined, { ...limits, session }))).status).toBe(200)
    expect((await one.get('/', other, by(undefined, { ...limits, session }))).status).toBe(401)
    const anonymous = await sessionOf(one.origin, by(undefined, limits))
    expect((await one.get('/', mine, by(undefined, { ...limits, session: anonymous }))).status).toBe(401)
  }
  expect(resumed).toEqual([true, true])
})

verifies(
  'MT-09',
  'judges requests over HTTP/2 the same',
  async (face) => {
    const one = await api(face, { ...PLAN, http2: true })
    expect(await outcomeOf(one, boundTo(CLIENT), by(CLIENT))).toBe('200')
    expect(await outcomeOf(one, boundTo(CLIENT), by(THIEF))).toBe('401 binding_mismatch')
    expect(await outcomeOf(one, boundTo(CLIENT), by())).toBe('401 certificate_missing')
  },
  { exempt: { express4: 'Express does not run on HTTP/2.', express5: 'Express does not run on HTTP/2.' } },
)

verifies('MT-14', 'takes an unbound token over such a connection, unless bindings are required', async (face) => {
  const allowing = await api(face, PLAN)
  expect(await outcomeOf(allowing, {}, by(CLIENT))).toBe('200')
  expect(await outcomeOf(allowing, {}, by())).toBe('200')
  const requiring = await api(face, { ...PLAN, options: { mtls: 'required' } })
  expect(await outcomeOf(requiring, {}, by(CLIENT))).toBe('401 binding_absent')
  expect(await outcomeOf(requiring, boundTo(CLIENT), by(CLIENT))).toBe('200')
  expect(await outcomeOf(requiring, boundTo(CLIENT), by(THIEF))).toBe('401 binding_mismatch')
})

verifies('MT-15', 'refuses a bound token where certificates are off', async (face) => {
  for (const options of [{}, { mtls: 'off' }] as const) {
    const one = await api(face, { tls: ASKING, options })
    expect(await outcomeOf(one, boundTo(CLIENT), by(CLIENT))).toBe('401 binding_unsupported')
    expect(await outcomeOf(one, {}, by(CLIENT))).toBe('200')
  }
})

verifies('MT-16', 'takes no other thumbprint for a binding that counts', async (face) => {
  const one = await api(face, PLAN)
  const [sha1, sha256] = [sha1ThumbprintOf(CLIENT), thumbprintOf(CLIENT)]
  for (const cnf of [
    { x5t: sha1 },
    { 'x5t#S1': sha1 },
    { x5t: sha256 },
    { 'X5T#S256': sha256 },
    { x5c: [CLIENT.cert] },
  ]) {
    expect(await outcomeOf(one, { cnf }, by(CLIENT))).toBe('401 binding_unsupported')
  }
  // Beside one that counts they do no harm (RFC 7800 §3.1).
  expect(await outcomeOf(one, { cnf: { x5t: sha1, 'x5t#S256': sha256 } }, by(CLIENT))).toBe('200')
})

verifies(['MT-18', 'RM-16'], 'says in its metadata whether tokens may be bound to certificates', async (face) => {
  const member = 'tls_client_certificate_bound_access_tokens'
  for (const [mtls, expected] of [
    ['allowed', true],
    ['required', true],
    ['off', undefined],
  ] as const) {
    const one = await api(face, { options: { mtls }, before: (server) => [{ is: 'resourceMetadata', server }] })
    const { body } = await one.get('/.well-known/oauth-protected-resource')
    expect([mtls, JSON.parse(body)[member]]).toEqual([mtls, expected])
  }
})

verifies('MT-19', 'refuses what was bound to a certificate before it was renewed, and says why', async (face) => {
  const one = await api(face, PLAN)
  const publicKey = createPublicKey(CLIENT.key).export({ type: 'spki', format: 'pem' }).toString()
  const renewed = await generate([{ name: 'commonName', value: 'client' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    keyPair: { privateKey: CLIENT.key, publicKey },
  })
  const { status, lines } = await one.get(
    '/',
    one.as.jwt({ claims: boundTo(CLIENT) }),
    by({ ...CLIENT, cert: renewed.cert }),
  )
  const [challenge] = lines('www-authenticate')
  expect([status, one.reasons()]).toEqual([401, ['binding_mismatch']])
  expect(challenge).toContain('error_description="The access token is bound to a key that the request did not prove"')
})

verifies('NG-55', 'a stolen token does nothing over the connection of a thief', async (face) => {
  const one = await api(face, PLAN)
  const token = one.as.jwt({ claims: boundTo(CLIENT) })
  expect((await one.get('/', token, by(CLIENT))).status).toBe(200)
  const tricks: readonly (readonly string[])[] = [
    [],
    ['Client-Cert', clientCert(CLIENT)],
    ['X-Forwarded-Client-Cert', `Cert="${encodeURIComponent(CLIENT.cert)}"`],
    ['X-SSL-Client-Cert', encodeURIComponent(CLIENT.cert)],
    ['X-Forwarded-For', '127.0.0.1', 'Forwarded', 'for=127.0.0.1'],
  ]
  for (const fields of tricks) {
    for (const client of [THIEF, undefined]) {
      for (const scheme of ['Bearer', 'DPoP']) {
        const { status } = await one.get('/', ['Authorization', `${scheme} ${token}`, ...fields], by(client))
        expect([fields[0], scheme, status]).toEqual([fields[0], scheme, 401])
      }
    }
  }
  expect(one.handled()).toBe(1)
  // Nothing says whose certificate it was.
  const said = JSON.stringify([one.events, one.server.status()])
  for (const part of [thumbprintOf(CLIENT), thumbprintOf(THIEF), 'BEGIN CERTIFICATE', 'MII', 'CN=']) {
    expect(said).not.toContain(part)
  }
})
