import { ConfigError } from '../errors.ts'
import { isClientAuthentication } from '../introspection/client-authentication.ts'
import { checkTls } from '../introspection/tls.ts'
import type { TlsIdentity } from '../ports/http.ts'
import { type EndpointPolicy, isIssuer } from '../syntax/url.ts'
import { acceptsRule } from './accepts.ts'
import {
  type Check,
  endpoint,
  endpointFault,
  fail,
  flag,
  integer,
  isRecord,
  list,
  object,
  oneOf,
  oneOrMore,
  optional,
  satisfying,
  satisfyingUnseen,
  text,
  withDefault,
} from './check.ts'
import { fapiJwtDefaults, type JwtDefaults } from './fapi.ts'
import { jwtSettings } from './jwt.ts'
import type { AcceptsOptions } from './issuer-options.ts'
import { checkAnswerKeys, signedAnswers } from './signed-answers.ts'
import type { IntrospectionSettings, IssuerSettings, JwtSettings, Settings } from './settings.ts'

/** The options of an issuer, one by one; {@link issuerSettings} then looks at them together. */
interface CheckedIssuer {
  readonly issuer: string
  readonly audience: readonly string[] | undefined
  readonly jwt: JwtSettings | undefined
  readonly introspection: IntrospectionSettings | undefined
  readonly accepts: { readonly [K in keyof AcceptsOptions]-?: AcceptsOptions[K] | undefined } | undefined
  readonly scopeClaims: readonly string[] | undefined
  readonly requiredClaims: IssuerSettings['requiredClaims']
  readonly kind: IssuerSettings['kind']
  readonly metadataUrl: string | undefined
  readonly pinEndpoints: boolean
  readonly strictHttpCache: boolean
  readonly tls: TlsIdentity | undefined
}

/** A record whose values have one of these types. */
function record<T>(expected: string, ...types: readonly string[]): Check<Readonly<Record<string, T>>> {
  const fits = satisfying<Readonly<Record<string, T>>>(
    (value) => isRecord(value) && Object.values(value).every((one) => types.includes(typeof one)),
    expected,
  )
  return (value, path) => Object.freeze({ ...fits(value, path) })
}

const pem: Check<string | Buffer> = (value, path) =>
  typeof value === 'string' || Buffer.isBuffer(value) ? value : fail(path, typeof value, 'PEM, as text or Buffer')

const shape = (endpoints: EndpointPolicy, jwtDefaults: JwtDefaults | undefined): Check<CheckedIssuer> =>
  object<CheckedIssuer>({
    issuer: (value, path) => (isIssuer(value, endpoints) ? value : endpointFault(value, path, endpoints)),
    audience: optional(oneOrMore(audience)),
    jwt: (value, path) => jwtSettings(value, path, endpoints, jwtDefaults),
    introspection: optional(
      object<IntrospectionSettings>({
        client: satisfyingUnseen(
          isClientAuthentication,
          'what clientSecretBasic(…) and its siblings return, or unauthenticated() where the endpoint asks for nothing',
        ),
        endpoint: optional(endpoint(endpoints)),
        audience: withDefault(oneOf('required', 'ifPresent', 'off'), 'required'),
        parameters: withDefault(record<string>('an object of texts', 'string'), {}),
        tokenTypeHint: optional(flag, true),
        structuredSuffix: optional(flag, false),
        pick: optional(list(text)),
        honourNoStore: optional(flag, false),
        signed: signedAnswers,
      }),
    ),
    accepts: optional(
      object({
        prefix: optional(text),
        length: optional(integer(8, 65_536)),
        alphabet: optional(oneOf('hex', 'base64url', 'token68')),
        test: optional(satisfying<(token: string) => boolean>((value) => typeof value === 'function', 'a function')),
        examples: optional(list(text)),
      }),
    ),
    scopeClaims: optional(list(text)),
    requiredClaims: withDefault(record('an object of texts, numbers or booleans', 'string', 'number', 'boolean'), {}),
    kind: optional(
      satisfying((value) => typeof value === 'function', `a function of claims that returns 'user' or 'client'`),
    ),
    metadataUrl: optional(endpoint(endpoints)),
    pinEndpoints: optional(flag, false),
    strictHttpCache: optional(flag, false),
    tls: optional(object<TlsIdentity>({ cert: optional(pem), key: optional(pem), ca: optional(oneOrMore(pem)) })),
  })

/** An identifier of this API, as tokens carry it in `aud`. */
export function audience(value: unknown, path: string): string {
  const one = text(value, path)
  const withFragment = URL.canParse(one) && one.includes('#')
  return withFragment ? fail(path, one, 'an identifier without a fragment (RFC 8707 §2)') : one
}

interface Surroundings {
  readonly path: string
  /** The server's own audience. */
  readonly audience: readonly string[] | undefined
  readonly endpoints: EndpointPolicy
  readonly profile: Settings['profile']
}

/** Checks an issuer's options. What is right one by one may still contradict itself. @throws {ConfigError} */
export function issuerSettings(
  written: unknown,
  { path, audience: shared, endpoints, profile }: Surroundings,
): IssuerSettings {
  const introspects = isRecord(written) && written['introspection'] !== undefined
  const options = shape(endpoints, profile === 'fapi2' ? fapiJwtDefaults(introspects) : undefined)(written, path)
  const { issuer, jwt, introspection, accepts, tls } = options
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const own = options.audience ?? shared
  if (tls) checkTls(tls, `option "${at('tls')}"`)
  if (!own) {
    throw new ConfigError(
      `option "${at('audience')}" is missing; write the identifier that tokens for this API carry in "aud"`,
    )
  }
  if (!introspection) {
    if (!jwt) {
      throw new ConfigError(
        `option "${at('jwt')}" is false and "introspection" is missing: no token of this issuer could be verified; write one of them`,
      )
    }
    if (jwt.mode !== 'offline') {
      throw new ConfigError(
        `option "${at('jwt.mode')}" is '${jwt.mode}' and "introspection" is missing; write introspection: { client: … }`,
      )
    }
    if (accepts) {
      throw new ConfigError(
        `option "${at('accepts')}" is about opaque tokens and "introspection" is missing; write introspection: { client: … }, or leave "accepts" out`,
      )
    }
  }
  if (introspection?.signed) checkAnswerKeys(introspection.signed, jwt, at('introspection.signed'))
  return Object.freeze({
    ...options,
    issuer,
    audience: own,
    accepts: accepts && acceptsRule(accepts, at('accepts')),
  })
}
