import { connect as connectTcp } from 'node:net'
import type { CertificateFieldOptions, MtlsOptions } from '@holdfast/core'
import { generate } from 'selfsigned'
import { expect } from 'vitest'
import {
  as as by,
  ASKING,
  boundTo,
  CLIENT,
  clientCert,
  derOf,
  type Identity,
  THIEF,
  thumbprintOf,
} from '../certificates.ts'
import { sendFieldsTwice } from '../http2.ts'
import { agreed } from '../kinds.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, type Plan } from '../world.ts'

/** What every request of these tests comes from is a proxy that is named; or else another is. */
const NAMED = '127.0.0.1'
const ANOTHER = '10.0.0.0/8'

const plan = (field: Partial<CertificateFieldOptions> = {}, more: Plan = {}): Plan => ({
  ...more,
  options: { mtls: { field: { from: NAMED, ...field } }, ...more.options },
})

/** Status and reason for a bound token of either kind that comes with these field lines; the two must not differ. */
async function outcomeOf({ as, ...one }: Api, fields: readonly string[], of = CLIENT): Promise<string> {
  const claims = boundTo(of)
  return agreed([as.jwt({ claims }), as.opaque({ claims })], async (token) => {
    const before = one.reasons().length
    const { status } = await one.get('/', ['Authorization', `Bearer ${token}`, ...fields])
    return [status, ...one.reasons().slice(before)].join(' ')
  })
}

verifies('MT-10', 'takes a certificate from the field of a proxy that is named', async (face) => {
  const one = await api(face, plan())
  expect(await outcomeOf(one, ['Client-Cert', clientCert(CLIENT)])).toBe('200')
  expect(await outcomeOf(one, ['Client-Cert', clientCert(THIEF)])).toBe('401 binding_mismatch')
  expect(await outcomeOf(one, [])).toBe('401 certificate_missing')
})

verifies(
  ['MT-10', 'NG-72'],
  'takes none from anybody else, whatever the fields say of where it came from',
  async (face) => {
    const field = ['Client-Cert', clientCert(CLIENT)]
    const forwarded = ['X-Forwarded-For', '10.0.0.7', 'Forwarded', 'for=10.0.0.7', 'X-Real-IP', '10.0.0.7']
    for (const trustProxy of [false, true]) {
      const one = await api(face, plan({ from: ANOTHER }, { trustProxy }))
      expect(await outcomeOf(one, field)).toBe('401 certificate_missing')
      expect(await outcomeOf(one, [...field, ...forwarded])).toBe('401 certificate_missing')
      const several = await api(face, plan({ from: [ANOTHER, '2001:db8::/32', '127.0.0.0/8'] }, { trustProxy }))
      // The proxy's own address counts; whom it names is another matter.
      expect(await outcomeOf(several, [...field, 'X-Forwarded-For', '203.0.113.7'])).toBe('200')
    }
  },
)

verifies('MT-10', 'reads no field that is not configured', async (face) => {
  for (const options of [{ mtls: 'allowed' }, { mtls: {} }, {}] as const) {
    const one = await api(face, { options })
    const spellings = ['Client-Cert', clientCert(CLIENT), 'X-SSL-Client-Cert', encodeURIComponent(CLIENT.cert)]
    expect(await outcomeOf(one, spellings)).toMatch(/^401 (certificate_missing|binding_unsupported)$/)
  }
  const one = await api(face, plan({ name: 'X-Client', format: 'base64' }))
  expect(await outcomeOf(one, ['Client-Cert', clientCert(CLIENT)])).toBe('401 certificate_missing')
  expect(await outcomeOf(one, ['x-client', derOf(CLIENT).toString('base64')])).toBe('200')
})

/** One certificate as the usual proxies write it. */
const spellings = (
  of: Identity,
): readonly (readonly [Partial<CertificateFieldOptions>, name: string, value: string])[] => {
  const [base64, escaped] = [derOf(of).toString('base64'), encodeURIComponent(of.cert)]
  const pem = of.cert.trim().split(/\r?\n/)
  return [
    [{}, 'Client-Cert', `:${base64}:`],
    [{ format: 'rfc9440', name: 'X-Cert' }, 'X-Cert', `:${base64}:`],
    [{ format: 'base64', name: 'X-SSL-Client-DER' }, 'X-SSL-Client-DER', base64],
    [{ format: 'pem', name: 'X-SSL-Client-Cert' }, 'X-SSL-Client-Cert', escaped],
    [{ format: 'pem', name: 'X-Leaf' }, 'X-Leaf', pem.join('%0A').replaceAll(' ', '%20')],
    [{ format: 'pem', name: 'SSL_CLIENT_CERT' }, 'SSL_CLIENT_CERT', pem.join(' ')],
    [{ format: 'xfcc' }, 'X-Forwarded-Client-Cert', `Cert="${escaped}"`],
    [
      { format: 'xfcc' },
      'X-Forwarded-Client-Cert',
      `By=spiffe://a;Hash=${'0'.repeat(64)};Cert="${escaped}";Subject="CN=\\"a;b\\",O=c,d";URI=`,
    ],
  ]
}

verifies('MT-11', 'reads one certificate in every format', async (face) => {
  for (const [field, name, value] of spellings(CLIENT)) {
    const one = await api(face, plan(field))
    expect([name, await outcomeOf(one, [name, value])]).toEqual([name, '200'])
    expect([name, await outcomeOf(one, [name, value], THIEF)]).toEqual([name, '401 binding_mismatch'])
  }
})

verifies('MT-12', 'refuses a field that comes twice, has two values, or cannot be read', async (face) => {
  const [mine, stolen] = [clientCert(CLIENT), clientCert(THIEF)]
  const one = await api(face, plan())
  for (const lines of [
    ['Client-Cert', mine, 'Client-Cert', mine],
    ['Client-Cert', mine, 'client-cert', stolen],
    ['CLIENT-CERT', stolen, 'Client-Cert', mine],
    ['Client-Cert', `${mine}, ${stolen}`],
    ['Client-Cert', mine.slice(1, -1)],
    ['Client-Cert', mine.replace('M', '*')],
    ['Client-Cert', `${mine.slice(0, -9)}:`],
    ['Client-Cert', CLIENT.cert.replaceAll(/\s/g, '')],
    ['Client-Cert', thumbprintOf(CLIENT)],
  ]) {
    expect([lines, await outcomeOf(one, lines)]).toEqual([lines, '401 certificate_malformed'])
  }
  // What was never read is no harm.
  const { status } = await one.get('/', [
    'Authorization',
    `Bearer ${one.as.jwt()}`,
    'Client-Cert',
    'x',
    'Client-Cert',
    'y',
  ])
  expect(status).toBe(200)
})

verifies('MT-12', 'takes an element of Envoy for what it is, and no list of them', async (face) => {
  const one = await api(face, plan({ format: 'xfcc' }))
  const [mine, stolen] = [CLIENT, THIEF].map(({ cert }) => `Cert="${encodeURIComponent(cert)}"`)
  for (const value of [
    `${stolen},${mine}`,
    `Hash=00,${mine}`,
    `${mine};${stolen}`,
    `${mine};${mine}`,
    `Hash=00;Subject="Cert=${mine?.slice(6)}`,
    `Hash=00`,
    `Subject="a\\";${mine}"`,
  ]) {
    expect([value, await outcomeOf(one, ['X-Forwarded-Client-Cert', value])]).toEqual([
      value,
      '401 certificate_malformed',
    ])
  }
})

verifies(
  'MT-12',
  'refuses a field that comes twice over HTTP/2, too',
  async (face) => {
    const one = await api(face, { ...plan(), http2: true })
    const token = one.as.jwt({ claims: boundTo(CLIENT) })
    const { status } = await one.get('/', ['Authorization', `Bearer ${token}`, 'Client-Cert', clientCert(CLIENT)])
    expect(status).toBe(200)
    const authorization = ['authorization', `Bearer ${token}`]
    const twice = ['client-cert', clientCert(CLIENT), 'client-cert', clientCert(CLIENT)]
    await sendFieldsTwice(one.origin, '/', [...authorization, ...twice])
    expect([one.handled(), one.reasons()]).toEqual([1, ['certificate_malformed']])
  },
  { exempt: { express4: 'Express does not run on HTTP/2.', express5: 'Express does not run on HTTP/2.' } },
)

verifies('MT-13', 'takes the connection or the field, as configured, and never the one for the other', async (face) => {
  const ask = async (
    mtls: MtlsOptions,
    shown: Identity | undefined,
    written: Identity | undefined,
  ): Promise<number> => {
    const one = await api(face, { tls: ASKING, options: { mtls } })
    const fields = written ? ['Client-Cert', clientCert(written)] : []
    const authorization = ['Authorization', `Bearer ${one.as.jwt({ claims: boundTo(CLIENT) })}`]
    return (await one.get('/', [...authorization, ...fields], by(shown))).status
  }
  const [byConnection, byField]: MtlsOptions[] = [{}, { field: { from: NAMED } }]
  expect(await ask(byConnection!, CLIENT, THIEF)).toBe(200)
  expect(await ask(byConnection!, THIEF, CLIENT)).toBe(401)
  expect(await ask(byConnection!, undefined, CLIENT)).toBe(401)
  expect(await ask(byField!, THIEF, CLIENT)).toBe(200)
  expect(await ask(byField!, CLIENT, THIEF)).toBe(401)
  expect(await ask(byField!, CLIENT, undefined)).toBe(401)
})

verifies(['MT-17', 'LM-20'], 'refuses a certificate that is too long', async (face) => {
  const long = await generate([{ name: 'commonName', value: 'long' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      {
        name: 'subjectAltName',
        altNames: Array.from({ length: 80 }, (_, at) => ({ type: 2, value: `${'a'.repeat(60)}-${at}.test` })),
      },
    ],
  })
  const of = { cert: long.cert, key: long.private }
  const [usual, short] = [await api(face, plan()), await api(face, plan({ maxLength: 4_096 }))]
  expect(clientCert(of).length).toBeGreaterThan(4_096)
  expect(clientCert(of).length).toBeLessThan(16_384)
  expect(await outcomeOf(usual, ['Client-Cert', clientCert(of)], of)).toBe('200')
  expect(await outcomeOf(short, ['Client-Cert', clientCert(of)], of)).toBe('401 certificate_malformed')
  // Node itself refuses more than 16 KiB of header.
  const token = usual.as.jwt({ claims: boundTo(CLIENT) })
  expect(
    await firstLine(usual.origin, `Authorization: Bearer ${token}\r\nClient-Cert: :${'A'.repeat(1_000_000)}:`),
  ).toMatch(/^HTTP\/1\.1 4\d\d /)
  expect(usual.handled()).toBe(2)
})

/** The status line for a request, which a server may write before it has read it all. */
function firstLine(origin: string, fields: string): Promise<string> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const socket = connectTcp(Number(port), hostname, () => {
      socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n\r\n`)
    })
    socket.once('data', (chunk) => {
      socket.destroy()
      resolve(chunk.toString('latin1').split('\r\n')[0]!)
    })
    socket.on('error', reject)
  })
}

verifies('MT-13', 'is refused where the configuration names everybody, or nobody', async (face) => {
  const protecting = (from: unknown) => () =>
    face.protect({ issuer: 'https://as.test', audience: 'a', mtls: { field: { from: from as string } } })
  for (const from of ['0.0.0.0/0', '::/0', undefined, [], 'proxy.example', '10.0.0.0/64', '*']) {
    expect(protecting(from), String(from)).toThrow(/option "mtls\.field\.from" is .*; write /)
  }
  expect(protecting('10.0.0.0/8')).not.toThrow()
})
