/** `@holdfast/core`: decides whether a request may act, and says how it knows. */

// the server
export { createResourceServer, type OperationNeeds, type ResourceServer } from './resource-server.ts'
export type { VerifyResult } from './verify-result.ts'
export type { AuthRequest } from './request.ts'
export { rawHeadersOf } from './request.ts'
export type { Answer } from './answer.ts'
export type { Explanation } from './explain/explanation.ts'
export type { ExplainedCheck } from './explain/checks.ts'
export type { Revocation, RevocationReceipt } from './revoke.ts'
export type { EvidenceBounds } from './assemble/issuer.ts'
export type { CacheStatus, IssuerStatus, KeysStatus, ServerState, ServerStatus } from './status.ts'
export type { Horizon, JudgedUntil, Survivable } from './forecast/forecast.ts'
export type { DrillLoss, DrillReport } from './forecast/drill-report.ts'
export type { DrillOptions } from './forecast/drill-desk.ts'
export type { Counters, EvidenceCounts, IssuerCounters, TokenKind } from './counters.ts'
export type { EvictionReason, Evictions } from './cache/recency-cache.ts'
export type { UnknownKidCounters } from './keys/key-source.ts'
export type { LastGoodStatus } from './resilience/last-good.ts'
export type { ReplayStatus } from './bind/dpop/local-replays.ts'
export type { EndpointCounters, EndpointStatus } from './introspection/endpoint-status.ts'
export type { EndpointState } from './resilience/endpoint-health.ts'
export type { AdmissionClass } from './resilience/admission-queue.ts'
export type { ResourceMetadata, ResourceMetadataOptions } from './resource-metadata.ts'

// options
export type {
  CacheBoundsOptions,
  CacheOptions,
  ChallengeOptions,
  CorsOptions,
  CredentialOptions,
  IntrospectedCacheOptions,
  PortOptions,
  ResilienceOptions,
  ResiliencePreset,
  ResourceServerOptions,
  SharedServerOptions,
} from './options/options.ts'
export type {
  AcceptsOptions,
  DecryptionKeyOptions,
  DecryptionOptions,
  IntrospectionOptions,
  IssuerOptions,
  JwtOptions,
  SignedAnswerOptions,
} from './options/issuer-options.ts'
export type {
  CertificateFieldOptions,
  DpopMode,
  DpopNonceOptions,
  DpopOptions,
  DpopReplayOptions,
  MtlsMode,
  MtlsOptions,
} from './options/binding-options.ts'
export type { CertificateFormat } from './bind/mtls/certificate-field.ts'
export { duration, type Duration, milliseconds } from './duration.ts'
export type { Algorithm } from './verify/algorithms.ts'
export type { ContentEncryption, KeyManagement } from './verify/encryption.ts'
export type { Profile } from './verify/jwt-header.ts'

// client authentication at the introspection endpoint
export {
  type ClientAuthentication,
  clientSecretBasic,
  clientSecretPost,
  type CredentialContext,
  type Credentials,
  type Secret,
  tlsClientAuth,
  unauthenticated,
} from './introspection/client-authentication.ts'
export { bearerToken, type BearerSource, type OwnToken } from './introspection/bearer-token.ts'
export { privateKeyJwt, type PrivateKeyJwtOptions, type SigningKey } from './introspection/private-key-jwt.ts'

// what is known of a request
export { type AuthContext, type Evidence, rawTokenOf, type ResponseFields, responseFieldsOf } from './context.ts'
export type { Binding } from './bind/bind.ts'
export type { Claims } from './verify/claims.ts'
export type { Actor } from './verify/delegation.ts'
export type { AuthorizationDetail } from './verify/authorization-details.ts'
export type { Json, JsonObject } from './syntax/json.ts'

// guards
export type { Guard, GuardNeeds, GuardTime, PureGuard } from './guard/guard.ts'
export { anyScope, scope } from './guard/scope.ts'
export { claim, type ClaimTest } from './guard/claim.ts'
export { every, some } from './guard/combine.ts'
export { fresh, type FreshOptions } from './guard/fresh.ts'
export { login, type LoginOptions } from './guard/login.ts'
export { entitlement, group, role } from './guard/holds.ts'
export { clientOnly, userOnly } from './guard/kind.ts'
export { actor, type ActorName, type ActorTest, noActor } from './guard/actor.ts'
export { detail, type DetailGuard, type DetailNeeds } from './guard/detail.ts'
export { type DetailField, type DetailType, detailType, type DetailTypeOptions } from './guard/detail-type.ts'

// errors
export {
  AuthError,
  type AuthErrorDetails,
  ConfigError,
  type ErrorCode,
  type Needs,
  type Reason,
  type Refusal,
  type Scheme,
} from './errors.ts'

// ports
export { type Cancel, type Clock, systemClock } from './ports/clock.ts'
export { type Random, systemRandom } from './ports/random.ts'
export {
  type Http,
  HttpError,
  type HttpErrorKind,
  type HttpRequest,
  type HttpResponse,
  type TlsIdentity,
} from './ports/http.ts'
export { undiciHttp, type UndiciHttpOptions } from './ports/undici-http.ts'
export { inlineSignatures, type SignatureCheck, type Signatures } from './ports/signatures.ts'
export { systemSignatures } from './ports/system-signatures.ts'
export type { ReplayMemory } from './ports/replay-memory.ts'
export { type Store, StoreError, type StoreErrorKind } from './ports/store.ts'
export { fileStore, type FileStoreOptions } from './store/file-store.ts'
export type {
  AdviceEvent,
  DocumentEvent,
  DrillEvent,
  EndpointEvent,
  EndpointMovedEvent,
  HoldfastEvent,
  IntrospectionEvent,
  KeyEvent,
  ObservedServer,
  Observer,
  RefusedEvent,
  RevocationEvent,
  Signal,
  SignalEvent,
  StaleEvent,
  StoreEvent,
  VerifiedEvent,
} from './ports/observer.ts'

// for loggers and tracers
export { type AcceptedMessage, type ChannelMessages, type ChannelName, CHANNELS, listen } from './ports/channels.ts'

// for frameworks and probes
export { type AuthInfo, readinessOf, type ReadinessAnswer, toAuthInfo } from './probes.ts'
