import { clientSecretBasic, type ResourceServerOptions } from '@holdfast/core'
import { API, ORDERS_API } from './names.ts'

/** The authorization server as an API knows it. */
export interface Upstream {
  readonly issuer: string
  readonly introspectionEndpoint: string
}

/** What both APIs configure: one issuer, whose JWTs are verified here and whose opaque tokens it is asked about. */
export function resourceServerOptions({ issuer, introspectionEndpoint }: Upstream): ResourceServerOptions {
  return {
    audience: API,
    issuers: [
      {
        issuer, // its metadata leads to its keys
        introspection: {
          client: clientSecretBasic(ORDERS_API.id, () => ORDERS_API.secret),
          endpoint: introspectionEndpoint,
        },
      },
    ],
    dpop: { nonce: true }, // takes tokens that are bound to a key with a proof, and a nonce in it
    mtls: 'allowed', // takes tokens that are bound to a certificate from the client that shows it
    resilience: { fresh: '1s' }, // default: 60 s; here nobody should wait that long to see an outage
    allowInsecureLoopback: true, // http on 127.0.0.1, for demonstrations only
  }
}
