import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Http, undiciHttp, type UndiciHttpOptions } from '@holdfast/core'
import { type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { AUDIENCE } from './world.ts'

/** An authorization server in memory behind real TLS on 127.0.0.1. */
export interface TlsFront {
  /** PEM; nobody but itself vouches for it. */
  readonly ca: string
  /** TLS connections since the test began. */
  readonly connections: number
  readonly port: number
  /** A new server of its own for the running test. @param host Default: the name that the certificate is for. */
  behind(host?: string): Promise<TestAuthorizationServer>
}

/** Opens one for the tests of a file, with a certificate for this name. */
export function tlsFront(name: string): TlsFront {
  let ca = ''
  let port = 0
  let connections = 0
  let current: TestAuthorizationServer | undefined
  let server: ReturnType<typeof createServer>

  beforeAll(async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
      keySize: 2_048,
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
    })
    ca = cert
    server = createServer({ key, cert }, (request, response) => {
      void current!.http
        .send({
          method: request.method as 'GET',
          url: `${current!.issuer}${request.url!}`,
          headers: request.headers as Record<string, string>,
          lane: 'front',
          maxBytes: 10_000_000,
          signal: new AbortController().signal,
        })
        .then(({ status, headers, body }) => response.writeHead(status, headers).end(body))
    })
    server.on('connection', () => (connections += 1))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  return {
    get ca() {
      return ca
    },
    get port() {
      return port
    },
    get connections() {
      return connections
    },
    async behind(host = name) {
      connections = 0
      return (current = await testAuthorizationServer({ audience: AUDIENCE, issuer: `https://${host}:${port}` }))
    },
  }
}

/** The real network for the running test. */
export function network(options: Partial<UndiciHttpOptions> = {}): Http {
  const http = undiciHttp({ connections: 5, connectTimeout: 5_000, ...options })
  onTestFinished(() => http.close())
  return http
}
