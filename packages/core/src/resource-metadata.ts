import type { Answer } from './answer.ts'
import { hash } from 'node:crypto'
import type { AuthRequest } from './request.ts'
import { fieldLines } from './request.ts'

/** What an operator may publish about the resource beside what is derived (RFC 9728 §2). */
export interface ResourceMetadataOptions {
  readonly scopesSupported?: readonly string[]
  readonly resourceName?: string
  readonly resourceDocumentation?: string
  readonly resourcePolicyUri?: string
  readonly resourceTosUri?: string
}

/** The protected resource metadata document of one resource. */
export interface ResourceMetadata {
  /** The path to serve it at, from the root of the origin. */
  readonly path: string
  readonly url: string
  /** The answer to a request for the document, or `undefined` when the request is for something else. */
  answer(request: AuthRequest): Answer | undefined
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const METHODS = 'GET, HEAD, OPTIONS'

/** Builds the document once, from configuration only: no `Host` header has a say in it (RFC 9728 §3). */
export function resourceMetadataOf(
  resource: string,
  issuers: readonly string[],
  options: { readonly [K in keyof ResourceMetadataOptions]: ResourceMetadataOptions[K] | undefined },
): ResourceMetadata {
  const { origin, pathname, search } = new URL(resource)
  // The well-known string goes between host and path; a lone slash is no path (§3.1).
  const path = `${WELL_KNOWN}${pathname === '/' ? '' : pathname}${search}`
  const body = JSON.stringify({
    resource,
    authorization_servers: issuers,
    bearer_methods_supported: ['header'],
    scopes_supported: options.scopesSupported?.length === 0 ? undefined : options.scopesSupported,
    resource_name: options.resourceName,
    resource_documentation: options.resourceDocumentation,
    resource_policy_uri: options.resourcePolicyUri,
    resource_tos_uri: options.resourceTosUri,
  })
  const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`
  // Readable from any page: it is public, and browsers' clients need it before they have a token.
  const open = { 'access-control-allow-origin': '*' }
  const validity = { ...open, 'cache-control': 'public, max-age=3600', etag }
  const headers = { ...validity, 'content-type': 'application/json' }

  function answer(request: AuthRequest): Answer | undefined {
    if (request.url !== path) return undefined
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        if (fieldLines(request.rawHeaders, 'if-none-match').includes(etag))
          return { status: 304, headers: validity, body: '' }
        return { status: 200, headers, body }
      case 'OPTIONS':
        return {
          status: 204,
          headers: { ...open, 'access-control-allow-methods': METHODS, 'access-control-allow-headers': '*' },
          body: '',
        }
      case undefined:
      default:
        return { status: 405, headers: { ...open, allow: METHODS }, body: '' }
    }
  }

  return Object.freeze({ path, url: `${origin}${path}`, answer })
}
