import * as fc from 'fast-check'
import { ConfigError } from '#core/errors'
import { createResourceServer } from '#core/resource-server'

/** What each option of an object may be; {@link FIXED} where a test decides. */
export interface AnyOptions {
  readonly [name: string]: fc.Arbitrary<unknown> | AnyOptions
}

/** An option that is left as a test has it, as it cannot be had at random, or says nothing about requests. */
const FIXED: fc.Arbitrary<undefined> = fc.constant(undefined)

const flag = fc.boolean()
const entries = fc.constantFrom(1, 100)

/** The options of a server by name, but for its issuers. Each value is right by itself; together they may contradict. */
export const SERVER: AnyOptions = {
  issuer: FIXED,
  issuers: FIXED,
  audience: FIXED,
  audienceMatch: fc.constantFrom('exact', 'canonical'),
  profile: fc.constantFrom('mcp', 'fapi2'),
  resource: fc.constantFrom('https://api.example', ['https://api.example/a', 'https://api.example/b']),
  resourceMetadata: FIXED,
  scopeImplies: fc.constantFrom({ b: ['a'] }),
  clockSkew: fc.constantFrom('0s', '10s', '300s'),
  maxTokenLength: fc.constantFrom(8_192, 65_536),
  maxTokenLifetime: fc.constantFrom('1h', '24h'),
  resilience: {
    preset: fc.constantFrom('strict', 'balanced', 'available'),
    fresh: fc.constantFrom('0s', '1h'),
    grace: fc.constantFrom('0s', '24h'),
    keysHardBound: fc.constantFrom('2h', '30d'),
    wait: fc.constantFrom('10ms', '60s'),
    graceWait: fc.constantFrom('0ms', '60s'),
    introspectionDeadline: fc.constantFrom('10ms', '60s'),
    documentDeadline: fc.constantFrom('10ms', '60s'),
    connectTimeout: fc.constantFrom('10ms', '60s'),
    maxInFlight: fc.constantFrom(1, 100),
    maxWaitingKnown: FIXED,
    maxWaitingNew: FIXED,
  },
  cache: {
    introspected: { entries, bytes: FIXED, persist: FIXED },
    jwts: { entries, bytes: FIXED },
    negative: { entries, ttl: fc.constantFrom('0s', '10s') },
    revocations: { entries },
  },
  challenge: FIXED,
  credentials: {
    query: fc.constantFrom('ignore', 'reject'),
    form: flag,
    extract: fc.constantFrom(({ rawHeaders }: { rawHeaders: readonly string[] }) => {
      const at = rawHeaders.indexOf('x-token')
      return at === -1 ? undefined : rawHeaders[at + 1]
    }),
  },
  requireHttps: flag,
  cors: FIXED,
  dpop: {
    mode: fc.constantFrom('off', 'allowed', 'required'),
    publicUrl: fc.constantFrom('https://api.example', ['https://api.example', 'https://other.example/base']),
    algorithms: fc.constantFrom(['ES256'], ['ES256', 'PS256'], ['ES384', 'ES256']),
    maxAge: fc.constantFrom('5s', '300s'),
    maxAhead: fc.constantFrom('0s', '60s'),
    maxJtiLength: fc.constantFrom(16, 1_024),
    nonce: fc.constantFrom(true, false, { lifetime: '10s' }, { replacesAge: true }),
    replay: { entries: fc.constantFrom(10, 1_000), memory: FIXED, onFailure: fc.constant('refuse') },
  },
  mtls: {
    mode: fc.constantFrom('off', 'allowed', 'allowed', 'required'),
    field: {
      name: fc.constantFrom('client-cert', 'X-Cert'),
      format: fc.constantFrom('rfc9440', 'base64', 'pem', 'xfcc'),
      from: fc.constantFrom('10.0.0.7', ['10.0.0.0/8', '2001:db8::/32']),
      maxLength: fc.constantFrom(4_096, 65_536),
    },
  },
  observe: FIXED,
  store: FIXED,
  allowInsecureLoopback: FIXED,
  denyPrivateNetworks: flag,
  ports: FIXED,
}

/** The options of an issuer. */
export const ISSUER: AnyOptions = {
  issuer: FIXED,
  audience: FIXED,
  jwt: {
    profile: fc.constantFrom('at+jwt', 'jwt'),
    algorithms: fc.constantFrom(['ES256'], ['ES256', 'RS256']),
    jwksUri: FIXED,
    keys: FIXED,
    missingKid: fc.constantFrom('only', 'try'),
    sharedSecret: FIXED,
    mode: fc.constantFrom('offline', 'online', 'onlineWhenHealthy'),
    maxTokenAge: fc.constantFrom('1h', '180d'),
    maxTokenLifetime: fc.constantFrom('1h', '180d'),
    maxAudiences: fc.constantFrom(1, 100),
    rejectKeyHeaders: flag,
    waiveRevocation: flag,
    decryption: FIXED,
  },
  introspection: {
    client: FIXED,
    endpoint: FIXED,
    audience: fc.constantFrom('required', 'ifPresent', 'off'),
    parameters: FIXED,
    tokenTypeHint: flag,
    structuredSuffix: flag,
    pick: fc.constantFrom(['tenant']),
    honourNoStore: flag,
    signed: FIXED,
  },
  accepts: FIXED,
  scopeClaims: fc.constantFrom(['scope']),
  requiredClaims: fc.constantFrom({ client_id: 'app' }),
  kind: fc.constantFrom(() => 'user'),
  metadataUrl: FIXED,
  pinEndpoints: flag,
  strictHttpCache: flag,
  tls: FIXED,
}

/** Options that an object with others must have. */
const REQUIRED: readonly string[] = ['from']

/** Objects with some of these options: each is left out twice as often as it is written. */
export function some<T extends object>(options: AnyOptions): fc.Arbitrary<T> {
  const members = Object.entries(options).filter(([, one]) => one !== FIXED)
  const arbitraries = members.map(([name, one]) => [name, one instanceof fc.Arbitrary ? one : some(one)] as const)
  const record = fc.record(Object.fromEntries(arbitraries))
  const written = fc.array(fc.nat(2), { minLength: members.length, maxLength: members.length })
  return fc.tuple(record, written).map(([values, chosen]) => {
    const kept = Object.entries(values).filter(([name], at) => chosen[at] === 0 || REQUIRED.includes(name))
    return Object.fromEntries(kept) as T
  })
}

/** An option with this value; `issuers` as a list of one. */
const put = (value: unknown, name: string): object =>
  name === 'issuers' ? { issuers: [{ issuer: 'https://as.example', ...(value as object) }] } : { [name]: value }

/** The names of the options at a place, as the server lists them when it meets an unknown one. */
export function namesAt(...path: readonly string[]): readonly string[] {
  const options = [...path, 'noSuchOptionHasThisName'].reduceRight(put, 1 as never)
  const base = path[0] === 'issuers' ? {} : { issuer: 'https://as.example' }
  try {
    createResourceServer({ ...base, audience: 'https://api.example', ...options } as never)
  } catch (error) {
    const list = error instanceof ConfigError ? / the options here are (.*)$/.exec(error.message)?.[1] : undefined
    if (list !== undefined) return [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name!)
  }
  throw new Error(`the server lists no options of ${path.join('.')}`)
}
