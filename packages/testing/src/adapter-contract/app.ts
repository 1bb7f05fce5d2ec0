import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import type { TlsOptions } from 'node:tls'
import type { AuthContext, Guard, ResourceServer } from '@holdfast/core'
import type { ProtectOptions } from '@holdfast/core/adapter'

/** An application, described without a framework. An {@link AdapterHarness} builds it with one. */
export interface ContractApp {
  /** In the order in which a request meets them. */
  readonly steps: readonly ContractStep[]
  /**
   * The application's own error handling. Its reply is dropped where the response has begun. Without it: what the
   * framework does by default.
   */
  readonly onError?: ((error: unknown) => ContractReply) | undefined
  /** Believe one proxy's `X-Forwarded-For`. Default false. */
  readonly trustProxy?: boolean | undefined
  /** Serves it over TLS, with these options; its origin is then https. The contract itself does without. */
  readonly tls?: TlsOptions | undefined
  /** Listens to the HTTP server's `upgrade` event; no framework has a part in it. */
  readonly onUpgrade?: ((request: IncomingMessage, socket: Duplex) => void) | undefined
}

export type ContractStep =
  | ProtectStep
  | GuardStep
  | HeadersStep
  | MethodStep
  | BeginStep
  | FormStep
  | MetadataStep
  | ReadinessStep
  | RouteStep
  | HandlerStep
  | MountStep

/** `protect(server, options, ...guards)`, for everything after it. */
export interface ProtectStep {
  readonly is: 'protect'
  readonly server: ResourceServer
  readonly options?: ProtectOptions | undefined
  readonly guards?: readonly Guard[] | undefined
}

/** `guard(...guards)`, for everything after it. */
export interface GuardStep {
  readonly is: 'guard'
  readonly guards: readonly [Guard, ...Guard[]]
}

/** Middleware that sets these response headers, the way the framework likes it, and goes on. */
export interface HeadersStep {
  readonly is: 'headers'
  readonly headers: Readonly<Record<string, string>>
}

/** Middleware that changes the method of the request, as method overrides do, and goes on. */
export interface MethodStep {
  readonly is: 'method'
  readonly method: string
}

/** Middleware that writes status 200 and this text straight to Node's response, and goes on once it is out. */
export interface BeginStep {
  readonly is: 'begin'
  readonly text: string
}

/** The framework's usual parser of forms (`application/x-www-form-urlencoded`), with lists for what is repeated. */
export interface FormStep {
  readonly is: 'form'
}

/** `resourceMetadata(server)`. */
export interface MetadataStep {
  readonly is: 'resourceMetadata'
  readonly server: ResourceServer
}

/** `readiness(server)` for GET and HEAD at `/readyz`. */
export interface ReadinessStep {
  readonly is: 'readiness'
  readonly server: ResourceServer
}

/** A handler for one method and path; GET answers HEAD, too, and `ALL` every method. */
export interface RouteStep {
  readonly is: 'route'
  readonly method: 'GET' | 'POST' | 'OPTIONS' | 'ALL'
  readonly path: string
  /** What stands on the route itself, before the handler. */
  readonly through?: readonly (ProtectStep | GuardStep)[] | undefined
  readonly handle: ContractHandler
}

/** A handler for whatever comes so far, by any method and path, without a router: such as a proxy. */
export interface HandlerStep {
  readonly is: 'handler'
  readonly handle: ContractHandler
}

/** Steps below a path: in a router, or in an application of its own inside this one. */
export interface MountStep {
  readonly is: 'mount'
  readonly path: string
  readonly as: 'router' | 'application'
  readonly steps: readonly ContractStep[]
}

/** What it throws, or rejects with, goes to the framework's error handling the way the framework wants it. */
export type ContractHandler = (exchange: ContractExchange) => ContractReply | Promise<ContractReply>

export interface ContractExchange {
  /** The adapter's `authOf`. */
  readonly auth: () => AuthContext
  /** The adapter's `maybeAuthOf`. */
  readonly maybeAuth: () => AuthContext | undefined
  /** What the adapter shows under this name: `req[name]`, `ctx.state[name]`. */
  readonly shown: (name: string) => unknown
  /** The request body, which nobody has read from. */
  readonly body: Readable
}

export interface ContractReply {
  readonly status: number
  readonly text: string
}

/** Builds applications with one framework, and the adapter under test. */
export interface AdapterHarness {
  /** Such as `'express 5'`; begins the name of every case. */
  readonly name: string
  /** Starts the application on a loopback port of its own. */
  readonly start: (app: ContractApp) => Promise<RunningApp>
}

export interface RunningApp {
  /** `http://127.0.0.1:…` */
  readonly origin: string
  /** Ends open connections, too. */
  readonly close: () => Promise<void>
}
