import { isDeepStrictEqual } from 'node:util'
import { ConfigError } from './errors.ts'
import { parseJws } from './syntax/jws.ts'
import { isJsonObject, type JsonObject, parseJsonObject } from './syntax/json.ts'

/** What stands in a protected resource metadata document beside what is derived (RFC 9728 §2). */
export interface DocumentMembers {
  readonly scopesSupported?: readonly string[] | undefined
  readonly authorizationDetailsTypesSupported?: readonly string[] | undefined
  readonly resourceName?: string | undefined
  readonly resourceDocumentation?: string | undefined
  readonly resourcePolicyUri?: string | undefined
  readonly resourceTosUri?: string | undefined
  readonly jwksUri?: string | undefined
  readonly extra?: Readonly<Record<string, unknown>> | undefined
  readonly signedMetadata?: readonly string[] | undefined
  /** Whether tokens may be bound to a client's certificate (RFC 8705 §3.3). */
  readonly certificateBound?: boolean | undefined
  /** What DPoP proofs may be signed with (RFC 9449 §7.1, RFC 9728 §2); absent where the scheme is not taken. */
  readonly dpopAlgorithms?: readonly string[] | undefined
  /** Whether no token is taken that is not bound to a DPoP key. */
  readonly dpopRequired?: boolean | undefined
  /** How tokens may come. Default: in the header. */
  readonly bearerMethods?: readonly string[] | undefined
}

/** Members that `extra` must not have: they have an option, or follow from what this server does. */
const RESERVED: readonly string[] = [
  'resource',
  'authorization_servers',
  'jwks_uri',
  'scopes_supported',
  'authorization_details_types_supported',
  'bearer_methods_supported',
  'resource_name',
  'resource_documentation',
  'resource_policy_uri',
  'resource_tos_uri',
  'tls_client_certificate_bound_access_tokens',
  'dpop_signing_alg_values_supported',
  'dpop_bound_access_tokens_required',
  'signed_metadata',
]

/** Further members of the document. @throws {ConfigError} for what contradicts the server, or no JSON can say. */
export function extraMembers(value: unknown, path: string): JsonObject {
  if (!isJsonObject(value)) throw new ConfigError(`option "${path}" is no object; write { 'resource_name#de': '…' }`)
  for (const [name, member] of Object.entries(value)) {
    if (RESERVED.includes(name)) {
      throw new ConfigError(`option "${path}.${name}" has an option of its own, or follows from others; leave it out`)
    }
    if (member === null || asJson(member) === undefined || (Array.isArray(member) && member.length === 0)) {
      throw new ConfigError(`option "${path}.${name}" says nothing; leave it out (RFC 9728 §3.2)`)
    }
    if (name === 'resource_signing_alg_values_supported' && (!Array.isArray(member) || member.includes('none'))) {
      throw new ConfigError(
        `option "${path}.${name}" is no list of algorithms, or has "none"; write such as ['ES256'] (RFC 9728 §2)`,
      )
    }
  }
  const members = parseJsonObject(Buffer.from(asJson(value)!))
  if (members) return members
  throw new ConfigError(`option "${path}" is deeper than 16 levels or has more than 2,000 members; write less`)
}

/** `undefined` for what no JSON can say: functions, circles. */
function asJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** The document of one resource, as JSON. Lists without elements are left out (§3.2). @throws {ConfigError} */
export function resourceDocument(resource: string, issuers: readonly string[], members: DocumentMembers): string {
  const {
    scopesSupported,
    authorizationDetailsTypesSupported: detailsTypes,
    extra,
    signedMetadata = [],
    bearerMethods = ['header'],
  } = members
  const plain = JSON.parse(
    JSON.stringify({
      resource,
      authorization_servers: issuers,
      jwks_uri: members.jwksUri,
      bearer_methods_supported: bearerMethods,
      scopes_supported: scopesSupported?.length === 0 ? undefined : scopesSupported,
      authorization_details_types_supported: detailsTypes?.length === 0 ? undefined : detailsTypes,
      tls_client_certificate_bound_access_tokens: members.certificateBound === true ? true : undefined,
      dpop_signing_alg_values_supported: members.dpopAlgorithms,
      dpop_bound_access_tokens_required: members.dpopRequired === true ? true : undefined,
      resource_name: members.resourceName,
      resource_documentation: members.resourceDocumentation,
      resource_policy_uri: members.resourcePolicyUri,
      resource_tos_uri: members.resourceTosUri,
      ...extra,
    }),
  ) as JsonObject
  const signed = signedMetadata.find((one) => claimsOf(one)['resource'] === resource)
  if (signed !== undefined) checkAgreement(claimsOf(signed), plain)
  return JSON.stringify({ ...plain, signed_metadata: signed })
}

/** Claims about the JWT itself, not about the resource (RFC 7519 §4.1). */
const OF_THE_JWT: readonly string[] = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti']

/** What is signed wins where a client can check it (§2.2): the two must not tell two stories. */
function checkAgreement(claims: JsonObject, plain: JsonObject): void {
  const names = Object.keys(claims).filter((name) => !OF_THE_JWT.includes(name))
  const other = names.find((name) => !isDeepStrictEqual(claims[name], plain[name]))
  if (other !== undefined) {
    throw new ConfigError(
      `option "resourceMetadata.signedMetadata" says something else of "${other}" than the document; sign what the document says`,
    )
  }
}

/** Signed documents, each of one of the resources. @throws {ConfigError} */
export function checkSignedMetadata(signed: readonly string[], resources: readonly string[]): void {
  for (const one of signed) {
    const { resource } = claimsOf(one)
    if (typeof resource !== 'string' || !resources.includes(resource)) {
      throw new ConfigError(
        `option "resourceMetadata.signedMetadata" is about another resource; sign a document whose "resource" is ${JSON.stringify(resources[0])}`,
      )
    }
  }
}

/** The claims of a signed document; its signature is for clients to check. @throws {ConfigError} */
function claimsOf(signed: string): JsonObject {
  const jwt = parseJws(signed)
  const alg = jwt?.header['alg']
  const isSigned = typeof alg === 'string' && alg !== 'none' && jwt!.signature.length > 0
  if (jwt && isSigned && typeof jwt.claims['iss'] === 'string' && jwt.claims['signed_metadata'] === undefined) {
    return jwt.claims
  }
  throw new ConfigError(
    'option "resourceMetadata.signedMetadata" is no signed JWT with "iss" and without "signed_metadata"; write one that the operator signed (RFC 9728 §2.2)',
  )
}
