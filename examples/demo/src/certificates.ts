import { generate } from 'selfsigned'

/** A certificate that nobody signed, and its key, in PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

/** One for a server on loopback, or for a client: a binding needs no authority that vouches for it (RFC 8705 §6.2). */
export async function selfSigned(name: string): Promise<Identity> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  return { cert, key }
}
