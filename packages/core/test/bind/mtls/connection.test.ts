import { hash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, BlockList, Socket } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { comesFrom, thumbprintOver } from '../../../src/bind/mtls/connection.ts'
import { certificate } from '../../support/certificate.ts'

const server = await certificate('localhost')
const client = await certificate('client')
const proxies = new BlockList()
proxies.addSubnet('10.0.0.0', 8, 'ipv4')
proxies.addSubnet('2001:db8::', 32, 'ipv6')
const digest = hash('sha256', new X509Certificate(client.cert).raw, 'buffer')

/** Both ends of a TLS connection. */
async function pair(identity: object, version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Promise<[TLSSocket, TLSSocket]> {
  const listener = createServer({
    ...server,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const { port } = listener.address() as AddressInfo
  const arrived = once(listener, 'secureConnection')
  const outgoing = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...identity })
  onTestFinished(() => {
    outgoing.destroy()
    listener.close()
  })
  outgoing.on('error', () => undefined)
  const [[incoming]] = (await Promise.all([arrived, once(outgoing, 'secureConnect')])) as [[TLSSocket], unknown]
  incoming.on('error', () => undefined)
  return [incoming, outgoing]
}

test('digests the certificate that the client showed, whoever signed it', async () => {
  const [incoming] = await pair(client)
  expect(thumbprintOver(incoming)).toEqual(digest)
}) // MT-01, MT-06, MT-07

test('digests it once for each connection', async () => {
  const [incoming] = await pair(client)
  expect(thumbprintOver(incoming)).toBe(thumbprintOver(incoming))
})

test('digests it anew after another handshake', async () => {
  const [incoming, outgoing] = await pair(client, 'TLSv1.2')
  const before = thumbprintOver(incoming)
  incoming.resume()
  await new Promise<void>((resolve, reject) => {
    outgoing.renegotiate({}, (error) => (error ? reject(error) : resolve()))
  })
  expect(thumbprintOver(incoming)).toEqual(before)
  expect(thumbprintOver(incoming)).not.toBe(before)
})

test('finds none where the client showed none', async () => {
  const [incoming] = await pair({})
  expect(thumbprintOver(incoming)).toBeUndefined()
}) // MT-03

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'socket'],
  ['an object', {}],
  ['a connection without TLS', new Socket()],
])('finds none over %s', (_, connection) => {
  expect(thumbprintOver(connection)).toBeUndefined()
})

test('finds none over the socket of a session that is gone, which throws', () => {
  const gone = new Proxy(
    {},
    {
      get: () => {
        throw new Error('ERR_HTTP2_SOCKET_UNBOUND')
      },
    },
  )
  expect([thumbprintOver(gone), comesFrom(gone, proxies)]).toEqual([undefined, false])
}) // MT-09

test.each([
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['2001:db8::7', true],
  ['11.1.2.3', false],
  ['::ffff:11.1.2.3', false],
  ['2001:db9::7', false],
  ['::1', false],
  ['fe80::1%eth0', false],
  ['', false],
  [undefined, false],
])('%s is one of the proxies: %s', (remoteAddress, expected) => {
  expect(comesFrom({ remoteAddress }, proxies)).toBe(expected)
}) // MT-10
