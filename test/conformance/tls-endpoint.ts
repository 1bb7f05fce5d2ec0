import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'

/** A certificate and its key, in PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

/** A request that got through the handshake. */
export interface TlsCall {
  readonly form: URLSearchParams
  readonly authorization: string | undefined
  /** The common name of the certificate that the client showed. */
  readonly peer: string | undefined
}

/** An introspection endpoint behind TLS on 127.0.0.1, which answers this to all who get through the handshake. */
export async function tlsEndpoint(
  identity: Identity,
  answer: object,
  clients?: { readonly ca: string },
): Promise<{ readonly url: string; readonly calls: readonly TlsCall[] }> {
  const calls: TlsCall[] = []
  const options = { ...identity, ...(clients ? { ...clients, requestCert: true, rejectUnauthorized: true } : {}) }
  const server = createServer(options, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const peer = (request.socket as TLSSocket).getPeerCertificate() as { subject?: { CN?: string } }
      calls.push({
        form: new URLSearchParams(Buffer.concat(chunks).toString()),
        authorization: request.headers.authorization,
        peer: peer.subject?.CN,
      })
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`, calls }
}
