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
export type { IssuerStatus, ServerState, ServerStatus } from './status.ts'
export type { Counters } from './telemetry.ts'
export type { LastGoodStatus } from './resilience/last-good.ts'
export type { EndpointCounters, EndpointStatus } from './introspection/endpoint-status.ts'
export type { EndpointState } from './resilience/endpoint-health.ts'
export type { AdmissionClass } from './resilience/admission-queue.ts'
export type { ResourceMetadata, ResourceMetadataOptions } from './resource-metadata.ts'

// options
export type {
  AcceptsOptions,
  CacheBoundsOptions,
  CacheOptions,
  ChallengeOptions,
  DecryptionKeyOptions,
  DecryptionOptions,
  CorsOptions,
  CredentialOptions,
  IntrospectedCacheOptions,
  IntrospectionOptions,
  IssuerOptions,
  JwtOptions,
  PortOptions,
  ResilienceOptions,
  ResiliencePreset,
  ResourceServerOptions,
  SharedServerOptions,
} from './options/options.ts'
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
export { type AuthContext, type Evidence, rawTokenOf } from './context.ts'
export type { Binding } from './bind/bind.ts'
export type { Claims } from './verify/claims.ts'
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

// errors
export {
  AuthError,
  type AuthErrorDetails,
  ConfigError,
  type ErrorCode,
  type Needs,
  type Reason,
  type Refusal,
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
export { inlineSignatures, type SignatureCheck, type Signatures, systemSignatures } from './ports/signatures.ts'
export { type Store, StoreError, type StoreErrorKind } from './ports/store.ts'
export { fileStore, type FileStoreOptions } from './store/file-store.ts'
export type {
  AdviceEvent,
  DocumentEvent,
  EndpointEvent,
  EndpointMovedEvent,
  HoldfastEvent,
  IntrospectionEvent,
  KeyEvent,
  Observer,
  RefusedEvent,
  RevocationEvent,
  StaleEvent,
  StoreEvent,
} from './ports/observer.ts'

// for frameworks and probes
export { type AuthInfo, readinessOf, type ReadinessAnswer, toAuthInfo } from './probes.ts'
