import type { TlsIdentity } from '../ports/http.ts'
import { type Document, type DocumentPorts, fetchJson } from '../resilience/fetch-json.ts'
import { type Loaded, LoadTrouble } from '../resilience/last-good.ts'
import type { JsonObject } from '../syntax/json.ts'
import { type EndpointPolicy, isEndpoint } from '../syntax/url.ts'
import { type FreshnessPolicy, freshFor, usableFor } from './freshness.ts'

/** What is read from authorization server metadata (RFC 8414 §2). It never widens local policy. */
export interface Metadata {
  readonly jwksUri: Named
  readonly introspectionEndpoint: Named
  /** The same endpoint for clients that authenticate by certificate (RFC 8705 §5). */
  readonly introspectionMtlsEndpoint: Named
  /** How clients may authenticate there, and what their assertions may be signed with; `undefined` where it is silent. */
  readonly introspectionAuthMethods: readonly string[] | undefined
  readonly introspectionAuthAlgorithms: readonly string[] | undefined
  /** The levels of authentication that users can be asked for (RFC 9470 §7). */
  readonly acrValues: readonly string[] | undefined
  /** The resources that the server knows (RFC 9728 §4). */
  readonly protectedResources: readonly string[] | undefined
}

/** An endpoint; `undefined` where none is named, `null` where it is one that must not be called. */
export type Named = string | null | undefined

export interface DiscoverySettings {
  readonly issuer: string
  /** Skips probing. */
  readonly metadataUrl: string | undefined
  readonly deadline: number
  readonly freshness: FreshnessPolicy
  /** Obeys what the answer says about its use once it is stale. */
  readonly strictHttpCache: boolean
  readonly endpoints: EndpointPolicy
  readonly tls: TlsIdentity | undefined
}

/** The well-known places, in the order of the Model Context Protocol (RFC 8414 §3, §5, OpenID Connect Discovery §4). */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
  return [...new Set(urls)]
}

/** "Not here": the next place is tried. Anything else, an outage above all, is no reason to look elsewhere. */
const NOT_HERE = /^status_4(?!08|25|29)\d\d$/

/** Loads the metadata of an issuer, each time; a server that says that nothing has changed need not send it again. */
export function metadataLoader(settings: DiscoverySettings, ports: DocumentPorts): () => Promise<Loaded<Metadata>> {
  let known: Document | undefined
  return async () => {
    const { document, loaded } = await loadMetadata(settings, ports, known)
    known = document
    return loaded
  }
}

/** @throws {LoadTrouble} */
async function loadMetadata(
  settings: DiscoverySettings,
  ports: DocumentPorts,
  known: Document | undefined,
): Promise<{ readonly document: Document; readonly loaded: Loaded<Metadata> }> {
  const urls = settings.metadataUrl === undefined ? metadataUrls(settings.issuer) : [settings.metadataUrl]
  let trouble: unknown
  for (const url of urls) {
    try {
      const request = {
        url,
        accept: 'application/json',
        deadline: settings.deadline,
        tls: settings.tls,
        lane: `documents ${settings.issuer}`,
        known,
      }
      const document = await fetchJson(request, ports)
      const loaded = {
        value: parseMetadata(document.json, settings),
        freshFor: freshFor(document.headers, settings.freshness),
        usableFor: settings.strictHttpCache ? usableFor(document.headers, settings.freshness) : undefined,
        text: document.text,
      }
      return { document, loaded }
    } catch (error) {
      trouble = error
      if (!(error instanceof LoadTrouble) || !NOT_HERE.test(error.trouble)) break
    }
  }
  throw trouble
}

/** @throws {LoadTrouble} when the document is another issuer's (RFC 8414 §3.3). */
export function parseMetadata(json: JsonObject, { issuer, endpoints }: DiscoverySettings): Metadata {
  // Code point by code point: a document that names another issuer, however similar, says nothing about this one.
  if (json['issuer'] !== issuer) throw new LoadTrouble('issuer_mismatch')
  const aliases = json['mtls_endpoint_aliases']
  // Judged where it is needed: an endpoint that nobody calls is no reason to go without keys.
  const read = (from: unknown, name: string): Named => {
    const value = typeof from === 'object' && from !== null ? (from as JsonObject)[name] : undefined
    if (value === undefined || value === null) return undefined
    return isEndpoint(value, endpoints) ? value : null
  }
  return {
    jwksUri: read(json, 'jwks_uri'),
    introspectionEndpoint: read(json, 'introspection_endpoint'),
    introspectionMtlsEndpoint: read(aliases, 'introspection_endpoint'),
    introspectionAuthMethods: listIn(json['introspection_endpoint_auth_methods_supported']),
    introspectionAuthAlgorithms: listIn(json['introspection_endpoint_auth_signing_alg_values_supported']),
    acrValues: listIn(json['acr_values_supported']),
    protectedResources: listIn(json['protected_resources']),
  }
}

/** The texts of a list; anything but a list says nothing. */
function listIn(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined
}
