/** `@holdfast/testing`: a whole authorization server for tests, with its time and its weather. */

// time and chance
export { type TestClock, testClock, type TestClockOptions } from './clock/test-clock.ts'
export { shiftedClock } from './clock/shifted-clock.ts'
export { seededRandom } from './seeded-random.ts'

// the authorization server
export {
  type TestAuthorizationServer,
  testAuthorizationServer,
  type TestAuthorizationServerOptions,
} from './authorization-server/test-authorization-server.ts'
export { testNetwork } from './authorization-server/network.ts'
export type { SigningAlgorithm } from './authorization-server/algorithms.ts'
export type { Calls, Endpoint, RecordedCall } from './authorization-server/calls.ts'
export type { TestClient } from './authorization-server/client.ts'
export type { DpopClient, DpopClientOptions, DpopRequest } from './authorization-server/dpop-client.ts'
export type { AddKeyOptions, PublicJwk, PublicJwkSet, TestKey } from './authorization-server/key-ring.ts'
export type { IssuerOverrides, OptionsOverrides } from './authorization-server/options.ts'
export type {
  AnswerSigningOptions,
  JwtTokenOptions,
  OpaqueTokenOptions,
  SigningOptions,
  TokenOptions,
} from './authorization-server/tokens.ts'
export type { CannedAnswer } from './authorization-server/weather.ts'

// weather in front of a real authorization server
export { faultProxy, type FaultProxy, type FaultProxyOptions, type ProxiedCall } from './fault-proxy/fault-proxy.ts'
export type { Certificate, ConnectionFault, ExchangeFault, Fault, FaultScope } from './fault-proxy/faults.ts'

// contract suites
export {
  type AdapterHarness,
  adapterContract,
  type BeginStep,
  type ContractApp,
  type ContractCase,
  type ContractExchange,
  type ContractHandler,
  type ContractReply,
  type ContractStep,
  type FormStep,
  type GuardStep,
  type HandlerStep,
  type HeadersStep,
  type MetadataStep,
  type MethodStep,
  type MountStep,
  type ProtectStep,
  type ReadinessStep,
  type RouteStep,
  type RunningApp,
} from './adapter-contract/index.ts'
