import { proxyAdvice, signedAnswerAdvice } from '../advice.ts'
import { keyOf, revocationKeyOf } from '../cache/digest.ts'
import type { Route } from '../classify.ts'
import { Tally, type TokenKind } from '../counters.ts'
import { IntrospectionEndpoint } from '../introspection/endpoint.ts'
import { type AnswerReading, keptMembers } from '../introspection/answer.ts'
import type { Introspector } from '../introspection/introspector.ts'
import { remoteIntrospector } from '../introspection/remote.ts'
import type { Metadata, Named } from '../keys/discovery.ts'
import type { KeySet } from '../keys/key-set.ts'
import { type KeySource, pinnedKeys, remoteKeys } from '../keys/key-source.ts'
import type { IntrospectionSettings, IssuerSettings, JwtSettings, Settings } from '../options/settings.ts'
import type { LastGood } from '../resilience/last-good.ts'
import { claimedExpiry } from '../syntax/jws.ts'
import type { Telemetry } from '../telemetry.ts'
import { IntrospectedJwtVerifier } from '../verify/introspected-jwt.ts'
import { type CallReport, IntrospectionVerifier } from '../verify/introspection.ts'
import { Decryptor } from '../verify/decryption.ts'
import { JwtVerifier } from '../verify/jwt.ts'
import { type AudienceRule, canonicalAudience } from '../verify/claims.ts'
import { usableTime } from '../verify/evidence-terms.ts'
import type { Presented, Verifier } from '../verify/verifier.ts'
import { endpointIn, keySetOf, metadataOf } from './documents.ts'
import { keyTermsOf, signedAnswersOf } from './signed-answers.ts'
import type { Stores, Wiring } from './stores.ts'

/** What one issuer consists of. */
export interface IssuerParts {
  readonly issuer: string
  readonly route: Route
  /** Present where an endpoint has to be looked up. */
  readonly metadata: LastGood<Metadata> | undefined
  /** Present where keys are fetched. */
  readonly keySet: LastGood<KeySet> | undefined
  readonly keys: KeySource | undefined
  /** Present where tokens are introspected. */
  readonly endpoint: IntrospectionEndpoint | undefined
  /** Whether opaque tokens wait for the metadata: it names their endpoint. */
  readonly introspectsByMetadata: boolean
  /** Whether they wait for the keys: their answers are signed. */
  readonly introspectsByKeys: boolean
  readonly tallies: Tallies
  /** Milliseconds for which answers about tokens are fresh, and count at all; absent where nobody is asked. */
  readonly evidence: EvidenceBounds | undefined
}

export interface EvidenceBounds {
  readonly fresh: number
  readonly usable: number
}

/** What was accepted of this issuer. */
export type Tallies = Readonly<Record<TokenKind, Tally>>

/** Wires one issuer: documents, then keys and the introspection endpoint, then verifiers. */
export function assembleIssuer(
  issuer: IssuerSettings,
  settings: Settings,
  stores: Stores,
  telemetry: Telemetry,
): IssuerParts {
  const { jwt, introspection } = issuer
  const wiring: Wiring = { issuer, settings, stores, telemetry }
  const fetched = keyTermsOf(issuer)
  const discovers =
    (fetched !== undefined && fetched.jwksUri === undefined) ||
    (introspection !== undefined && introspection.endpoint === undefined)
  const metadata = discovers ? metadataOf(wiring) : undefined
  const keySet = fetched && keySetOf(wiring, fetched, metadata)
  const keys = jwt?.pinned
    ? pinnedKeys(jwt.pinned, jwt.missingKid)
    : keySet && remoteKeys(keySet, settings.ports.clock, settings.resilience.wait, jwt?.missingKid)

  const endpoint = introspection && endpointOf(wiring, remote(wiring, introspection, metadata, keys))
  const tallies: Tallies = { jwt: new Tally('jwt'), opaque: new Tally('opaque') }
  const opaque = endpoint && introspectionVerifier(wiring, introspection, endpoint, tallies)
  const decryptor = jwt?.decryption && new Decryptor(jwt.decryption, issuer.issuer)
  const local = jwt && keys && jwtVerifier(wiring, jwt, keys, decryptor, tallies.jwt)
  const verifier = local && opaque ? introspectedJwt(wiring, jwt, local, opaque) : local?.()

  return {
    issuer: issuer.issuer,
    route: {
      issuer: issuer.issuer,
      jwt: verifier,
      opaque: opaque?.(),
      accepts: issuer.accepts?.takes,
      decrypts: decryptor && ((header) => decryptor.takes(header)),
    },
    metadata,
    keySet,
    keys,
    endpoint,
    introspectsByMetadata: introspection !== undefined && introspection.endpoint === undefined,
    introspectsByKeys: introspection?.signed !== undefined,
    tallies,
    evidence: endpoint && evidenceBounds(settings.resilience),
  }
}

function evidenceBounds(terms: Settings['resilience']): EvidenceBounds {
  return Object.freeze({ fresh: terms.fresh, usable: usableTime(terms, undefined) })
}

function remote(
  { issuer, settings }: Wiring,
  { client, endpoint, parameters, tokenTypeHint, signed }: IntrospectionSettings,
  metadata: LastGood<Metadata> | undefined,
  keys: KeySource | undefined,
): Introspector {
  const byCertificate = client.tls !== undefined
  const pick = (known: Metadata): Named =>
    (byCertificate ? known.introspectionMtlsEndpoint : undefined) ?? known.introspectionEndpoint
  return remoteIntrospector(
    {
      issuer: issuer.issuer,
      client,
      parameters,
      tokenTypeHint,
      reading: readingOf(issuer)!,
      signed: signed && signedAnswersOf({ issuer, settings, client, signed, keys: keys! }),
      // A certificate for client authentication goes beside the authorities that the issuer's other endpoints trust.
      tls: byCertificate ? Object.freeze({ ...client.tls, ca: client.tls?.ca ?? issuer.tls?.ca }) : issuer.tls,
      deadline: settings.resilience.introspectionDeadline,
      endpoint: () => endpoint ?? endpointIn(metadata!, pick),
    },
    settings.ports,
  )
}

/** How answers are read, live and from a store; `undefined` where there are none. */
export function readingOf({ introspection, requiredClaims, scopeClaims }: IssuerSettings): AnswerReading | undefined {
  if (!introspection) return undefined
  const { structuredSuffix, honourNoStore, pick } = introspection
  const kept = pick && keptMembers(...pick, ...Object.keys(requiredClaims), ...(scopeClaims ?? []))
  return { structuredSuffix, honourNoStore, kept }
}

function endpointOf({ issuer: { issuer }, settings, telemetry }: Wiring, inner: Introspector): IntrospectionEndpoint {
  const { resilience, ports } = settings
  const bounds = {
    inFlight: resilience.maxInFlight,
    waiting: { known: resilience.maxWaitingKnown, new: resilience.maxWaitingNew },
    // Twice as long, and there would be no answer at all.
    slow: { never: resilience.graceWait, always: resilience.introspectionDeadline / 2 },
  }
  return new IntrospectionEndpoint(inner, bounds, {
    ...ports,
    report: (state, previous, misconfigured) =>
      telemetry.endpoint({ type: 'endpoint', issuer, state, previous, misconfigured }),
    oneSource: () => telemetry.emit(proxyAdvice(issuer)),
  })
}

function audienceRule({ audience }: IssuerSettings, { audienceMatch }: Settings): AudienceRule {
  return { audience: audienceMatch === 'canonical' ? audience.map(canonicalAudience) : audience, audienceMatch }
}

function jwtVerifier(
  { issuer, settings, stores }: Wiring,
  jwt: JwtSettings,
  keys: KeySource,
  decryptor: Decryptor | undefined,
  tally: Tally,
): (owner?: Verifier) => JwtVerifier {
  const { clock, signatures } = settings.ports
  const rules = {
    profile: jwt.profile,
    issuer: issuer.issuer,
    ...audienceRule(issuer, settings),
    skew: settings.skewSeconds,
    maxTokenAge: jwt.maxTokenAgeSeconds,
    maxTokenLifetime: jwt.maxTokenLifetimeSeconds,
    maxAudiences: jwt.maxAudiences,
    requiredClaims: issuer.requiredClaims,
  }
  const parts = {
    rules,
    algorithms: jwt.algorithms,
    scopeSource: issuer.scopeClaims,
    rejectKeyHeaders: jwt.rejectKeyHeaders,
    decryptor,
    keys,
    store: stores.jwts,
    signatures,
    clock,
    tally,
  }
  return (owner) => new JwtVerifier(parts, owner)
}

function introspectionVerifier(
  { issuer, settings, stores, telemetry }: Wiring,
  introspection: IntrospectionSettings,
  endpoint: IntrospectionEndpoint,
  tallies: Tallies,
): (owner?: Verifier) => IntrospectionVerifier {
  const { clock, random } = settings.ports
  const shared = {
    terms: settings.resilience,
    scopeSource: issuer.scopeClaims,
    endpoint,
    positives: stores.introspected,
    negatives: stores.negatives,
    clock,
    random,
    report: (report: CallReport) => {
      telemetry.emit(eventOf(report, issuer.issuer))
      const advice = report.is === 'call' ? signedAnswerAdvice(issuer.issuer, report.trouble?.kind) : undefined
      if (advice) telemetry.advise(advice)
    },
    answeredAgain: (digest: string, isActive: boolean) => telemetry.signals?.answered(issuer.issuer, digest, isActive),
    refusedInactive: (presented: Presented) => telemetry.signals?.refusedInactive(issuer.issuer, presented),
  }
  const rules = {
    issuer: issuer.issuer,
    ...audienceRule(issuer, settings),
    skew: settings.skewSeconds,
    requiredClaims: issuer.requiredClaims,
  }
  // What the authority once called inactive stays refused: no fallback on the signature may revive it.
  const inactive = (token: string): void => {
    // An encrypted token says nothing of itself: its entry does, which is there since its signature was checked.
    const known = stores.jwts.peek(keyOf(token))
    if (known?.nested !== undefined) {
      // Refused by what is inside: who wraps it anew, as often as he likes, must not push out other revocations.
      if (stores.revocations.isDead(known.nested)) return
      stores.revocations.addTombstone(known.nested, known.expiresAt)
    }
    stores.revocations.addTombstone(revocationKeyOf(token), claimedExpiry(token) ?? known?.expiresAt)
  }
  return (owner) => {
    // A JWT's own audience has been checked with its signature: its introspection need not repeat it.
    const audiencePolicy = owner && introspection.audience === 'required' ? 'ifPresent' : introspection.audience
    const tally = owner ? tallies.jwt : tallies.opaque
    const parts = { ...shared, tally, rules: { ...rules, audiencePolicy }, inactive: owner && inactive }
    return new IntrospectionVerifier(parts, owner)
  }
}

function eventOf(report: CallReport, issuer: string): Parameters<Telemetry['emit']>[0] {
  if (report.is === 'stale') return { type: 'stale', issuer, age: report.age }
  return {
    type: 'introspection',
    issuer,
    class: report.class,
    waited: report.waited,
    result: report.result,
    trouble: report.trouble?.kind,
    duration: report.duration,
  }
}

function introspectedJwt(
  { stores }: Wiring,
  { mode }: JwtSettings,
  local: (owner: Verifier) => JwtVerifier,
  authority: (owner: Verifier) => IntrospectionVerifier,
): IntrospectedJwtVerifier {
  const { jwts, revocations } = stores
  return new IntrospectedJwtVerifier({
    mode,
    local,
    authority,
    known: (digest) => jwts.get(digest),
    mayFallBack: () => revocations.complete,
  })
}
