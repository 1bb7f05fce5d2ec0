import {
  clientSecretBasic,
  createResourceServer,
  type ResourceServer,
  type ResourceServerOptions,
} from '@holdfast/core'
import { Pool } from 'undici'
import { AUDIENCE } from '../micro/tokens.ts'
import type { Endpoint } from './messages.ts'

export const SECRET = 'a secret of the benchmark'
export const PATH = '/introspect'

/** What the authorization server says of a token. */
export type Ask = (token: string) => Promise<unknown>

const headersOf = (client: string): Record<string, string> => ({
  accept: 'application/json',
  'content-type': 'application/x-www-form-urlencoded',
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(client)}:${encodeURIComponent(SECRET)}`).toString('base64')}`,
})
/** These tokens have nothing in them that a form would escape. */
const bodyOf = (token: string): string => `token=${token}&token_type_hint=access_token`

/** The cheapest way that is known: one pool, no pipelining, which POST requests do not take anyway. */
export function byUndici({ issuer, ca }: Endpoint, client: string, connections: number): Ask {
  const pool = new Pool(issuer, { connections, pipelining: 1, ...(ca === undefined ? {} : { connect: { ca } }) })
  const headers = headersOf(client)
  return async (token) => {
    const { body } = await pool.request({ method: 'POST', path: PATH, headers, body: bodyOf(token) })
    return body.json()
  }
}

/** What comes to mind first. */
export function byFetch({ issuer }: Endpoint, client: string): Ask {
  const headers = headersOf(client)
  return async (token) => {
    const response = await fetch(`${issuer}${PATH}`, { method: 'POST', headers, body: bodyOf(token) })
    return response.json()
  }
}

/** @param client Its name at the authorization server. */
export function resourceServer(
  { issuer, ca }: Endpoint,
  client: string,
  options: Partial<ResourceServerOptions> = {},
): ResourceServer {
  const introspection = { client: clientSecretBasic(client, SECRET), endpoint: `${issuer}${PATH}` }
  return createResourceServer({
    issuers: [{ issuer, jwt: false, introspection, ...(ca === undefined ? {} : { tls: { ca } }) }],
    audience: AUDIENCE,
    allowInsecureLoopback: true,
    ...options,
  } as ResourceServerOptions)
}
