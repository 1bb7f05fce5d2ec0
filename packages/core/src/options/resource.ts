import { ConfigError } from '../errors.ts'
import type { MetadataSettings } from '../resource-metadata.ts'
import { checkSignedMetadata, extraMembers } from '../resource-document.ts'
import { isDetailType } from '../guard/detail-type.ts'
import { isScopeToken } from '../syntax/scope.ts'
import { type EndpointPolicy, isEndpoint } from '../syntax/url.ts'
import { type Check, fail, flag, object, oneOrMore, optional, span, text, withDefault } from './check.ts'
import { DEFAULTS } from './defaults.ts'

/** What is written about the resource, one by one; {@link metadataSettings} then looks at it together. */
export interface CheckedMetadata {
  readonly scopesSupported: readonly string[] | undefined
  readonly authorizationDetailsTypesSupported: readonly string[] | undefined
  readonly resourceName: string | undefined
  readonly resourceDocumentation: string | undefined
  readonly resourcePolicyUri: string | undefined
  readonly resourceTosUri: string | undefined
  readonly jwksUri: string | undefined
  readonly extra: Readonly<Record<string, unknown>> | undefined
  readonly signedMetadata: readonly string[] | undefined
  readonly maxAge: number
  readonly wellKnownSuffix: string
  readonly allowTrailingSlash: boolean
  readonly rootAlias: boolean
}

/** A segment of a path (RFC 3986 §3.3), without escapes. */
const SEGMENT = /^[A-Za-z0-9._~-]+$/

export const resourceMetadata: Check<CheckedMetadata> = withDefault(
  object<CheckedMetadata>({
    scopesSupported: optional(scopesSupported),
    authorizationDetailsTypesSupported: optional(detailsTypes),
    resourceName: optional(text),
    resourceDocumentation: optional(page),
    resourcePolicyUri: optional(page),
    resourceTosUri: optional(page),
    jwksUri: optional((value, path) =>
      isEndpoint(value, { allowInsecureLoopback: false }) ? value : fail(path, value, 'an https URL (RFC 9728 §2)'),
    ),
    extra: optional(extraMembers),
    signedMetadata: optional(oneOrMore(text)),
    maxAge: withDefault(span('0s', '86400s'), DEFAULTS.metadataMaxAge),
    wellKnownSuffix: optional((value, path) => {
      const isSegment = typeof value === 'string' && SEGMENT.test(value) && !/^\.+$/.test(value)
      return isSegment ? value : fail(path, value, 'one path segment: letters, digits, "-", ".", "_", "~"')
    }, 'oauth-protected-resource'),
    allowTrailingSlash: optional(flag, false),
    rootAlias: optional(flag, false),
  }),
  {},
)

function scopesSupported(value: unknown, path: string): readonly string[] {
  if (!Array.isArray(value) || !value.every(isScopeToken)) return fail(path, value, `a list of scopes, such as ['a']`)
  if (value.includes('offline_access')) {
    throw new ConfigError(
      `option "${path}" has "offline_access", which asks for a refresh token and is no right at an API; leave it out`,
    )
  }
  return Object.freeze([...value])
}

/** Names of types, each once; a type that is described stands for its name. */
function detailsTypes(value: unknown, path: string): readonly string[] {
  const named = Array.isArray(value) ? value.map((one: unknown) => (isDetailType(one) ? one.type : one)) : [undefined]
  if (named.every((one) => typeof one === 'string' && one !== '')) return Object.freeze([...new Set(named as string[])])
  return fail(path, value, `a list of types: names, or what detailType() returns`)
}

function page(value: unknown, path: string): string {
  const isPage = typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
  return isPage ? value : fail(path, value, 'the http or https URL of a page')
}

interface Surroundings {
  readonly audiences: readonly string[]
  readonly endpoints: EndpointPolicy
  readonly metadata: CheckedMetadata
}

/** The identifiers of this resource: those that are stated, or the first audience that can be one. @throws {ConfigError} */
export function resourcesOf(stated: readonly string[] | undefined, surroundings: Surroundings): readonly string[] {
  if (stated === undefined) {
    const derived = surroundings.audiences.find((one) => faultOf(one, surroundings) === undefined)
    return Object.freeze(derived === undefined ? [] : [derived])
  }
  for (const [index, one] of stated.entries()) {
    const fault = faultOf(one, surroundings)
    if (fault !== undefined) fail(stated.length === 1 ? 'resource' : `resource[${index}]`, one, fault)
  }
  // The document of each has a path of its own, and hosts do not tell them apart.
  const paths = stated.map((one) => new URL(one).pathname.replace(/\/$/, ''))
  const twice = stated.find((_, index) => paths.indexOf(paths[index]!) !== index)
  if (twice !== undefined) {
    throw new ConfigError(
      `option "resource" has two identifiers with the path of ${JSON.stringify(twice)}; build a server for each`,
    )
  }
  return stated
}

/** What an identifier should be and is not (RFC 9728 §1.2, §3.1). */
function faultOf(resource: string, { endpoints, metadata }: Surroundings): string | undefined {
  if (!isEndpoint(resource, endpoints)) return 'an https URL without a fragment'
  const { pathname, search } = new URL(resource)
  // A client builds the place of the document from the identifier as it is written.
  const written = /^[a-z]+:\/\/[^/?#]*(.*)$/i.exec(resource)?.[1]
  if (written !== pathname + search && (pathname !== '/' || written !== search))
    return `a URL whose path is ${pathname}`
  if (pathname !== '/' && pathname.endsWith('/') && !metadata.allowTrailingSlash) {
    return 'it without the slash at its end, or resourceMetadata: { allowTrailingSlash: true }'
  }
  return undefined
}

/** @throws {ConfigError} for what contradicts the resources. */
export function metadataSettings(metadata: CheckedMetadata, resources: readonly string[]): MetadataSettings {
  const { maxAge, ...members } = metadata
  if (metadata.rootAlias && resources.length > 1) {
    throw new ConfigError(
      'option "resourceMetadata.rootAlias" is true and there are several resources; the root can show only one document',
    )
  }
  if (metadata.signedMetadata) checkSignedMetadata(metadata.signedMetadata, resources)
  return Object.freeze({ ...members, maxAgeSeconds: Math.floor(maxAge / 1_000) })
}
