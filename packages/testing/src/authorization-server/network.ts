import { type Http, HttpError } from '@holdfast/core'
import type { TestAuthorizationServer } from './test-authorization-server.ts'

/**
 * One network for a resource server that trusts several test authorization servers, each under its own issuer. Any
 * other host does not exist.
 */
export function testNetwork(...servers: readonly Pick<TestAuthorizationServer, 'issuer' | 'http'>[]): Http {
  const byOrigin = new Map(servers.map(({ issuer, http }) => [new URL(issuer).origin, http]))
  return {
    async send(request) {
      const http = byOrigin.get(new URL(request.url).origin)
      if (!http) throw new HttpError('dns')
      return http.send(request)
    },
    close: async () => undefined,
  }
}
