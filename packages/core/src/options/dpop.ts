import { randomBytes } from 'node:crypto'
import type { DpopChallenge } from '../answer.ts'
import type { NonceSettings } from '../bind/dpop/nonces.ts'
import type { ProofRules } from '../bind/dpop/proof.ts'
import { ConfigError } from '../errors.ts'
import type { ReplayMemory } from '../ports/replay-memory.ts'
import { normalizedUri } from '../syntax/http-uri.ts'
import { type EndpointPolicy, isIssuer } from '../syntax/url.ts'
import { type Algorithm, ALGORITHMS, isAlgorithm } from '../verify/algorithms.ts'
import {
  type Check,
  endpointFault,
  fail,
  flag,
  has,
  integer,
  list,
  object,
  oneOf,
  oneOrMore,
  optional,
  satisfying,
  satisfyingUnseen,
  span,
  text,
  withDefault,
} from './check.ts'
import { DEFAULTS } from './defaults.ts'
import type { DpopMode } from './binding-options.ts'
import { isPublished } from './secret.ts'

/** How proofs are judged; milliseconds, seconds in {@link ProofRules}. */
export interface DpopSettings {
  readonly isRequired: boolean
  readonly rules: ProofRules
  /** Present where proofs need a nonce. */
  readonly nonce: NonceSettings | undefined
  readonly replay: ReplaySettings
}

export interface ReplaySettings {
  readonly entries: number
  /** Shared with other processes. */
  readonly memory: ReplayMemory | undefined
  readonly onFailure: 'refuse' | 'local'
}

/** The options under `dpop`, one by one; {@link dpopSettings} then looks at them together. */
interface CheckedDpop {
  readonly mode: DpopMode | undefined
  readonly publicUrl: readonly string[] | undefined
  readonly algorithms: readonly Algorithm[] | undefined
  readonly maxAge: number
  readonly maxAhead: number
  readonly maxJtiLength: number
  readonly nonce: NonceSettings | undefined
  readonly replay: ReplaySettings
}

/** What is known beside the options of DPoP itself. */
interface Surroundings {
  readonly resources: readonly string[]
  readonly endpoints: EndpointPolicy
  /** With profile `'fapi2'`: the algorithms that may be written, and are used where none are. */
  readonly algorithms?: readonly Algorithm[] | undefined
  /** Whether no other binding could be proved here, and one is required. */
  readonly isOnly?: boolean | undefined
}

const mode = oneOf('allowed', 'required', 'off')

const secret = satisfyingUnseen<Uint8Array>(
  (value) => value instanceof Uint8Array && value.length >= 32 && !isPublished(value),
  'a Uint8Array of at least 32 random octets that only this API knows',
)

const nonceShape = object<{
  readonly lifetime: number
  readonly secrets: readonly Uint8Array[] | undefined
  readonly replacesAge: boolean
}>({
  lifetime: withDefault(span('10s', '3600s'), DEFAULTS.dpop.nonceLifetime),
  secrets: optional(oneOrMore(secret)),
  replacesAge: optional(flag, false),
})

function nonce(value: unknown, path: string): NonceSettings | undefined {
  if (value === undefined || value === false) return undefined
  const { secrets, ...rest } = nonceShape(value === true ? {} : value, path)
  // Without a secret of its own every process asks for its own nonces.
  const [first = randomBytes(32), ...others] = secrets ?? []
  return Object.freeze({ ...rest, secrets: Object.freeze([first, ...others] as const) })
}

const replay = withDefault(
  object<ReplaySettings>({
    entries: optional(integer(1, 10_000_000), DEFAULTS.dpop.replayEntries),
    memory: optional(satisfying(has('consume'), 'an object with consume(key, until)')),
    onFailure: withDefault(oneOf('refuse', 'local'), 'refuse'),
  }),
  {},
)

const algorithm: Check<Algorithm> = (value, path) => {
  const name = text(value, path)
  const meant = name === 'EdDSA' ? 'Ed25519' : name
  const isFit = isAlgorithm(meant) && ALGORITHMS[meant].kty !== 'oct'
  return isFit ? meant : fail(path, value, `a signature algorithm with a public key, such as 'ES256'`)
}

const shape = (endpoints: EndpointPolicy): Check<CheckedDpop> =>
  object<CheckedDpop>({
    mode: optional(mode),
    publicUrl: optional(
      oneOrMore((value, path) => (isPublicUrl(value, endpoints) ? value : endpointFault(value, path, endpoints))),
    ),
    algorithms: optional(list(algorithm)),
    maxAge: withDefault(span('5s', '300s'), DEFAULTS.dpop.maxAge),
    maxAhead: withDefault(span('0s', '60s'), DEFAULTS.dpop.maxAhead),
    maxJtiLength: optional(integer(16, 1_024), DEFAULTS.dpop.maxJtiLength),
    nonce,
    replay,
  })

/**
 * How DPoP is spoken here; `undefined` where it is not. What clients call this API must be known: it is written, or it is
 * the origin of its resource identifiers.
 *
 * @throws {ConfigError}
 */
export function dpopSettings(value: unknown, surroundings: Surroundings): DpopSettings | undefined {
  const { resources, endpoints, algorithms: usual, isOnly = false } = surroundings
  const options = shape(endpoints)(typeof value === 'string' ? { mode: mode(value, 'dpop') } : (value ?? {}), 'dpop')
  const { maxAge, maxAhead, maxJtiLength } = options
  const publicUrls = options.publicUrl?.map(baseOf) ?? resources.map((one) => new URL(one).origin)
  if (options.mode === 'off' || (value === undefined && publicUrls.length === 0)) return undefined
  if (publicUrls.length === 0) {
    throw new ConfigError(
      `option "dpop.publicUrl" is missing: proofs name the URL that clients ask, and no "resource" says it; write the https URL of this API, such as 'https://api.example.com'`,
    )
  }
  if (options.replay.onFailure === 'local' && !options.replay.memory) {
    throw new ConfigError(`option "dpop.replay.onFailure" is 'local', and "dpop.replay.memory" is missing; write both`)
  }
  const algorithms = options.algorithms ?? usual ?? DEFAULTS.dpop.algorithms
  const other = usual && algorithms.find((one) => !usual.includes(one))
  if (other !== undefined)
    fail(
      'dpop.algorithms',
      other,
      `some of ${usual!.join(', ')}, or nothing: these are the algorithms of profile 'fapi2'`,
    )
  return Object.freeze({
    isRequired: options.mode === 'required' || isOnly,
    rules: Object.freeze({
      publicUrls: Object.freeze([...new Set(publicUrls)]),
      algorithms: Object.freeze([...new Set(algorithms)]),
      maxAge: maxAge / 1_000,
      maxAhead: maxAhead / 1_000,
      maxJtiLength,
      nonceReplacesAge: options.nonce?.replacesAge === true,
    }),
    nonce: options.nonce,
    replay: options.replay,
  })
}

/** What challenges say of it. */
export function challengeOf({ isRequired, rules, nonce: asked }: DpopSettings): DpopChallenge {
  return Object.freeze({ algorithms: rules.algorithms, isOnly: isRequired, asksNonce: asked !== undefined })
}

const isPublicUrl = (value: unknown, endpoints: EndpointPolicy): value is string =>
  isIssuer(value, endpoints) && normalizedUri(value) !== undefined

/** Origin and path, normalized, without a slash at the end. */
function baseOf(publicUrl: string): string {
  return normalizedUri(publicUrl)!.replace(/\/+$/, '')
}
