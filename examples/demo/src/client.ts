import type { ConnectionOptions } from 'node:tls'
import { fetchOver } from './fetch-over.ts'
import type { ClientAccount, Resource } from './names.ts'

/** An OAuth client: it gets tokens with client credentials (RFC 6749 §4.4) and can give them back (RFC 7009). */
export interface Client {
  token(resource: Resource, scope: string): Promise<string>
  revoke(token: string): Promise<void>
}

/** @param tls How it connects, where the server is asked over TLS. */
export function createClient(server: string, { id, secret }: ClientAccount, tls?: ConnectionOptions): Client {
  const authorization = `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}`

  async function post(path: string, parameters: Record<string, string>): Promise<Response> {
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
    const body = new URLSearchParams(parameters).toString()
    const init = { method: 'POST', headers, body, signal: AbortSignal.timeout(5_000) }
    const response = await (tls ? fetchOver(tls, `${server}${path}`, init) : fetch(`${server}${path}`, init))
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return response
  }

  return {
    async token(resource, scope) {
      const response = await post('/token', { grant_type: 'client_credentials', resource, scope })
      const { access_token: token } = (await response.json()) as { access_token: string }
      return token
    },
    async revoke(token) {
      await post('/token/revocation', { token })
    },
  }
}
