import type { ClientAccount, Resource } from './names.ts'

/** An OAuth client: it gets tokens with client credentials (RFC 6749 §4.4) and can give them back (RFC 7009). */
export interface Client {
  token(resource: Resource, scope: string): Promise<string>
  revoke(token: string): Promise<void>
}

export function createClient(issuer: string, { id, secret }: ClientAccount): Client {
  const authorization = `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}`

  async function post(path: string, parameters: Record<string, string>): Promise<Response> {
    const body = new URLSearchParams(parameters)
    const signal = AbortSignal.timeout(5_000)
    const response = await fetch(`${issuer}${path}`, { method: 'POST', headers: { authorization }, body, signal })
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
