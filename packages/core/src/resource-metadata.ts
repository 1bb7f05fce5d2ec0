import { hash } from 'node:crypto'
import type { Answer } from './answer.ts'
import type { Duration } from './duration.ts'
import type { DetailType } from './guard/detail-type.ts'
import { type AuthRequest, fieldLines } from './request.ts'
import { type DocumentMembers, resourceDocument } from './resource-document.ts'

/** What an operator may publish about the resource beside what is derived (RFC 9728 §2), and how. */
export interface ResourceMetadataOptions {
  /** Default: not published. What guards ask for is not collected. */
  readonly scopesSupported?: readonly string[]
  /** Types of authorization details (RFC 9396) that guards here know: names, or what `detailType()` returns. Default: not published. */
  readonly authorizationDetailsTypesSupported?: readonly (string | DetailType)[]
  readonly resourceName?: string
  readonly resourceDocumentation?: string
  readonly resourcePolicyUri?: string
  readonly resourceTosUri?: string
  /** Where the resource publishes keys of its own. https. */
  readonly jwksUri?: string
  /** Further members, such as `{ 'resource_name#de': 'Bestellungen' }`. What has an option, or is derived, is refused. */
  readonly extra?: Readonly<Record<string, unknown>>
  /** The document as a signed JWT (RFC 9728 §2.2); where there are several resources, one for each that has one. */
  readonly signedMetadata?: string | readonly string[]
  /** How long clients may keep the document. Default `'3600s'`, at most `'86400s'`. */
  readonly maxAge?: Duration
  /** The well-known name. Default `'oauth-protected-resource'`. */
  readonly wellKnownSuffix?: string
  /** Takes resources whose path ends in a slash, and serves the document with and without it. Default false. */
  readonly allowTrailingSlash?: boolean
  /** Serves the document of the only resource at the root of the well-known place, too. Default false. */
  readonly rootAlias?: boolean
}

/** The same, checked; seconds. */
export interface MetadataSettings extends DocumentMembers {
  readonly maxAgeSeconds?: number | undefined
  readonly wellKnownSuffix?: string | undefined
  readonly allowTrailingSlash?: boolean | undefined
  readonly rootAlias?: boolean | undefined
  readonly requireHttps?: boolean | undefined
}

/** The document of one resource, and where it is. */
export interface ResourceDocument {
  readonly resource: string
  /** The path to serve it at, from the root of the origin. */
  readonly path: string
  readonly url: string
}

/** The protected resource metadata of a server: a document for each of its resources. */
export interface ResourceMetadata {
  /** Of the first resource: the path to serve it at, from the root of the origin, whatever path the application has. */
  readonly path: string
  readonly url: string
  /** All of them. */
  readonly documents: readonly ResourceDocument[]
  /** The document to name in a challenge: of the resource with the longest path that the request's path begins with. */
  urlFor(requestUrl: string | undefined): string
  /** The answer to a request for a document, or `undefined` when the request is for something else. */
  answer(request: AuthRequest): Answer | undefined
}

const METHODS = 'GET, HEAD, OPTIONS'
// Readable from any page: it is public, and browsers' clients need it before they have a token.
const OPEN = { 'access-control-allow-origin': '*' }

/** What came in the clear may have been changed on the way (§7.1). */
const INSECURE: Answer = Object.freeze({ status: 400, headers: { 'cache-control': 'no-store' }, body: '' })

/** Builds the documents once, from configuration only: no `Host` header has a say in them (RFC 9728 §3). */
export function resourceMetadataOf(
  resources: string | readonly string[],
  issuers: readonly string[],
  settings: MetadataSettings,
): ResourceMetadata {
  const { wellKnownSuffix = 'oauth-protected-resource', maxAgeSeconds = 3_600, requireHttps = false } = settings
  const root = `/.well-known/${wellKnownSuffix}`
  const answers = new Map<string, (request: AuthRequest) => Answer>()
  const documents = [resources].flat().map((resource) => {
    const { origin, pathname, search } = new URL(resource)
    // The well-known string goes between host and path; a lone slash is no path (§3.1).
    const path = `${root}${pathname === '/' ? '' : pathname}${search}`
    const answer = answering(resourceDocument(resource, issuers, settings), maxAgeSeconds)
    answers.set(path, answer)
    if (settings.allowTrailingSlash === true && search === '') answers.set(path.replace(/\/$/, ''), answer)
    if (settings.rootAlias === true) answers.set(root, answer)
    return Object.freeze({ resource, path, url: `${origin}${path}` })
  })
  const [{ path, url }] = documents as [ResourceDocument]
  return Object.freeze({
    path,
    url,
    documents: Object.freeze(documents),
    urlFor: chooser(documents),
    answer: (request: AuthRequest) => {
      const answer = answers.get(request.url ?? '')
      return answer && requireHttps && request.secure !== true ? INSECURE : answer?.(request)
    },
  })
}

/** By path only: of hosts, a request can say what it likes. */
function chooser(documents: readonly ResourceDocument[]): (requestUrl: string | undefined) => string {
  const [first] = documents as [ResourceDocument]
  if (documents.length === 1) return () => first.url
  const prefixes = documents
    .map(({ resource, url }) => ({ prefix: new URL(resource).pathname.replace(/\/$/, ''), url }))
    .toSorted((one, other) => other.prefix.length - one.prefix.length)
  return (requestUrl) => {
    const path = `${pathOf(requestUrl)}/`
    return (prefixes.find(({ prefix }) => path.startsWith(`${prefix}/`)) ?? first).url
  }
}

/** The path of a request target, which may be a whole URL (RFC 9112 §3.2.2). */
function pathOf(requestUrl = ''): string {
  if (!requestUrl.startsWith('/') && URL.canParse(requestUrl)) return new URL(requestUrl).pathname
  const end = requestUrl.search(/[?#]/)
  return end === -1 ? requestUrl : requestUrl.slice(0, end)
}

function answering(body: string, maxAge: number): (request: AuthRequest) => Answer {
  const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`
  const validity = { ...OPEN, 'cache-control': `public, max-age=${maxAge}`, etag }
  const headers = { ...validity, 'content-type': 'application/json' }
  return ({ method, rawHeaders }) => {
    switch (method) {
      case 'GET':
      case 'HEAD':
        if (has(fieldLines(rawHeaders, 'if-none-match'), etag)) return { status: 304, headers: validity, body: '' }
        return { status: 200, headers, body }
      case 'OPTIONS':
        return {
          status: 204,
          headers: { ...OPEN, 'access-control-allow-methods': METHODS, 'access-control-allow-headers': '*' },
          body: '',
        }
      case undefined:
      default:
        return { status: 405, headers: { ...OPEN, allow: METHODS }, body: '' }
    }
  }
}

/** Whether `If-None-Match` names a tag: in a list, weakly compared, or as `*` (RFC 9110 §13.1.2). */
function has(lines: readonly string[], etag: string): boolean {
  const tags = lines.flatMap((line) => line.split(',')).map((tag) => tag.trim())
  return tags.some((tag) => tag === '*' || tag === etag || tag === `W/${etag}`)
}
