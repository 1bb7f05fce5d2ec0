import type { ChallengeSettings } from '../answer.ts'
import type { CredentialRules } from '../extract.ts'
import type { AuthRequest } from '../request.ts'
import { customTransport, formToken } from '../transports.ts'
import { challengeOf, type DpopSettings } from './dpop.ts'
import { type Check, fail, flag, object, oneOf, optional, text, withDefault } from './check.ts'

interface CheckedChallenge {
  readonly realm: string | undefined
  readonly describeErrors: boolean
  readonly errorUri: string | undefined
  readonly errorBody: boolean
}

interface CheckedCredentials {
  readonly query: 'ignore' | 'reject'
  readonly form: boolean
  readonly extract: ((request: AuthRequest) => unknown) | undefined
}

export const challenge: Check<CheckedChallenge> = withDefault(
  object<CheckedChallenge>({
    realm: optional(realm),
    describeErrors: optional(flag, true),
    errorUri: optional(errorUri),
    errorBody: optional(flag, true),
  }),
  {},
)

export const credentials: Check<CheckedCredentials> = withDefault(
  object<CheckedCredentials>({
    query: withDefault(oneOf('ignore', 'reject'), 'ignore'),
    form: optional(flag, false),
    extract: optional(extractor),
  }),
  {},
)

export const cors: Check<{ readonly expose: boolean }> = withDefault(
  object<{ readonly expose: boolean }>({ expose: optional(flag, false) }),
  {},
)

export function credentialRules(
  { query, form, extract }: CheckedCredentials,
  maxLength: number,
  requireHttps: boolean | undefined,
  dpop: boolean,
): CredentialRules {
  const transports = [...(form ? [formToken] : []), ...(extract ? [customTransport(extract)] : [])]
  return Object.freeze({
    maxLength,
    requireHttps,
    rejectQuery: query === 'reject',
    transports: transports.length === 0 ? undefined : Object.freeze(transports),
    dpop,
  })
}

/** @param identifier What the realm is where none is written. */
export function challengeSettings(
  { realm: written, ...given }: CheckedChallenge,
  identifier: string,
  exposeHeaders: boolean,
  dpop: DpopSettings | undefined,
): Omit<ChallengeSettings, 'resourceMetadataUrl'> {
  return Object.freeze({
    realm: written ?? printable(identifier),
    ...given,
    exposeHeaders,
    dpop: dpop && challengeOf(dpop),
  })
}

function realm(value: unknown, path: string): string {
  const written = text(value, path)
  return printable(written) === written ? written : fail(path, value, 'printable ASCII')
}

/** What may stand in a quoted-string, escaped or not. */
function printable(value: string): string {
  return value.replaceAll(/[^\x20-\x7e]/g, '')
}

/** RFC 6750 §3: an absolute URI, without the characters that would need an escape. People follow it: no other scheme. */
function errorUri(value: unknown, path: string): string {
  const written = text(value, path)
  const isPage = /^https?:\/\/[\x21\x23-\x5b\x5d-\x7e]+$/i.test(written) && URL.canParse(written)
  return isPage ? written : fail(path, value, 'an absolute URL of a page, without spaces, quotes and backslashes')
}

function extractor(value: unknown, path: string): (request: AuthRequest) => unknown {
  if (typeof value !== 'function' || value.constructor.name === 'AsyncFunction') {
    return fail(path, value, 'a function of a request that returns a token or undefined, and no promise')
  }
  return value as (request: AuthRequest) => unknown
}
