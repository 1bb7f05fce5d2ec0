import { hash, X509Certificate } from 'node:crypto'
import type { ConnectionOptions, TlsOptions } from 'node:tls'
import { generate } from 'selfsigned'

/** A certificate and its key, in PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

/** A certificate that nobody signed. */
export async function identity(name: string): Promise<Identity> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  })
  return { cert, key }
}

const API = await identity('localhost')

/** The client that tokens are bound to, and one that has stolen them. */
export const CLIENT: Identity = await identity('client')
export const THIEF: Identity = await identity('thief')

/** An API that asks its clients for certificates, and takes those that nobody vouches for. */
export const ASKING: TlsOptions = { ...API, requestCert: true, rejectUnauthorized: false }

/** A connection to it. */
export function as(client?: Identity, more: ConnectionOptions = {}): ConnectionOptions {
  return { ca: API.cert, servername: 'localhost', ...client, ...more }
}

export const derOf = ({ cert }: Pick<Identity, 'cert'>): Buffer => new X509Certificate(cert).raw

/** `x5t#S256` (RFC 8705 §3.1), computed by other means than the library's. */
export const thumbprintOf = (of: Pick<Identity, 'cert'>): string =>
  Buffer.from(new X509Certificate(of.cert).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')

/** Claims of a token that is bound to a certificate. */
export const boundTo = (of: Pick<Identity, 'cert'>): { readonly cnf: object } => ({
  cnf: { 'x5t#S256': thumbprintOf(of) },
})

/** The value of a `Client-Cert` field (RFC 9440 §2.2). */
export const clientCert = (of: Pick<Identity, 'cert'>): string => `:${derOf(of).toString('base64')}:`

export const sha1ThumbprintOf = (of: Pick<Identity, 'cert'>): string => hash('sha1', derOf(of), 'base64url')
