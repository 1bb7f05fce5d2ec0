/**
 * What passes between the laboratory and its page. Types only: the page reads them through JSDoc.
 *
 * - `GET /events`: server-sent events. First `hello` (a {@link LabState}), then every second `frame` (a {@link Frame}).
 *   The id of a frame is `RUN-SEQ`; a reader that comes back with `Last-Event-ID` gets the frames it missed, any other
 *   all that are kept. A comment every few seconds keeps the connection alive.
 * - `GET /state`: a {@link LabState}.
 * - `POST /weather`, `/action`, `/load`, `/scenario`: JSON bodies, {@link Commands}. The answer is a {@link LabState}, or
 *   a {@link Problem} with 400.
 * - `GET /recording`: a {@link Recording}: of the scenario that runs or ran last, else of all frames that are kept.
 */

/** The APIs that are compared. The first two are protected by Holdfast. */
export type VariantName = 'express' | 'koa' | 'ttl' | 'none'

export type WeatherName = 'healthy' | 'slow' | 'brownout' | 'down' | 'nonsense' | 'all-inactive' | 'wrong-credentials'

export type ActionName = 'rotate-keys' | 'withdraw-old-keys' | 'revoke-user' | 'revoke-user-everywhere' | 'drill'

export type ScenarioName =
  | 'outage-and-recovery'
  | 'brownout'
  | 'wrong-credentials'
  | 'key-rotation'
  | 'revocation'
  | 'lying-server'
  | 'flood'

/**
 * Who sends a request. `jwt`, `opaque`: a user with a good token that is used again and again; `oneShotJwt`,
 * `oneShotOpaque`: a good token that is used this once; `revoked`: the token of a user who was revoked; `madeUp`: a
 * token that no server ever issued.
 */
export type Sender = 'jwt' | 'opaque' | 'oneShotJwt' | 'oneShotOpaque' | 'revoked' | 'madeUp'

/** What became of requests, as their senders saw it. */
export interface Outcomes {
  /** 2xx. */
  readonly accepted: number
  /** 400, 401, 403: "the token is bad". */
  readonly refused: number
  /** 503: "nobody can tell now". */
  readonly unavailable: number
  /** Any other status, or no answer in time. */
  readonly failed: number
}

/** Requests that were accepted, by the evidence. `stale` is past its freshness; only Holdfast says so. */
export interface Evidence {
  readonly live: number
  readonly cache: number
  readonly stale: number
}

/** Milliseconds. `null` where nothing was measured in this frame. */
export interface Percentiles {
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
}

/** One API in one frame. Numbers count this frame only, but for those of `endpoint` and `inFlight`, which are of its end. */
export interface VariantFrame {
  /** Requests that went out to it. */
  readonly sent: number
  /** Requests that were due and did not go out: as many as may wait for this API did so already. */
  readonly heldBack: number
  /** Requests whose answer is awaited. */
  readonly inFlight: number
  /** Answers, by who sent the request. */
  readonly outcomes: Readonly<Record<Sender, Outcomes>>
  /** Answers by HTTP status; `'none'` for no answer. */
  readonly statuses: Readonly<Record<string, number>>
  /** Of all answers. */
  readonly latency: Percentiles
  /** How long ago the evidence of accepted requests was got, in milliseconds. */
  readonly evidenceAge: { readonly p50: number | null; readonly max: number | null }
  /** The API's own counters. */
  readonly accepted: { readonly jwt: Evidence; readonly opaque: Evidence }
  /** The API's own counters: refusals by reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Requests that reached the fault proxy between this API and the authorization server. */
  readonly asked: Asked
  /** What Holdfast knows of the introspection endpoint; `null` for an API that knows nothing. */
  readonly endpoint: EndpointFrame | null
  /** The part (0 to 1) of the last minute's requests that would still be served so long after the server died. */
  readonly survivable: Readonly<Record<'1m' | '5m' | '1h', number | null>> | null
}

/** Calls to the authorization server. */
export interface Asked {
  readonly introspection: number
  readonly keys: number
  readonly metadata: number
  /** Calls that wait in the proxy at the end of the frame. */
  readonly waiting: number
}

export interface EndpointFrame {
  readonly state: 'healthy' | 'limited' | 'down' | 'recovering'
  /** It rejects our credentials. */
  readonly misconfigured: boolean
  readonly limit: number
  readonly inFlight: number
  /** Tokens that wait for a turn, by class, most urgent first. */
  readonly queued: Readonly<Record<string, number>>
  readonly lastTrouble: string | null
  /** Entries held: introspected tokens and JWTs. */
  readonly held: { readonly opaque: number; readonly jwt: number }
}

/** The authorization server's own counters in one frame, over all four APIs. */
export interface ServerFrame {
  /** Introspection requests that reached it. */
  readonly introspection: number
  readonly active: number
  readonly inactive: number
  /** Answered with an error: our credentials were rejected. */
  readonly rejected: number
  readonly keys: number
  readonly metadata: number
  /** Requests that it works on at the end of the frame. */
  readonly inFlight: number
}

/** Something happened. `at` in milliseconds since the laboratory was started. */
export interface Note {
  readonly at: number
  readonly about: 'weather' | 'action' | 'load' | 'scenario' | 'endpoint' | 'keys' | 'signal' | 'drill'
  readonly variant: VariantName | null
  readonly text: string
}

export interface Frame {
  /** Counted from 1. */
  readonly seq: number
  /** Its end, in milliseconds since the laboratory was started. */
  readonly at: number
  /** What it covers, in milliseconds. Rates are numbers over this. */
  readonly span: number
  readonly weather: WeatherName
  readonly load: Load
  readonly scenario: Progress | null
  readonly variants: Readonly<Record<VariantName, VariantFrame>>
  readonly server: ServerFrame
  /** Requests that were due and went to no API, because this machine is too slow for the load. */
  readonly skipped: number
  readonly notes: readonly Note[]
}

/** What the load generator sends, to each of the four APIs. */
export interface Load {
  /** Requests per second with good tokens. */
  readonly rate: number
  /** The part of the users, and of the one-shot tokens, that have JWTs: 0 to 1. */
  readonly jwtShare: number
  /** The part of the requests with a token that was never seen and is never used again: 0 to 1. */
  readonly oneShotShare: number
  /** Requests per second with made-up tokens, on top. */
  readonly flood: number
}

export interface Progress {
  readonly name: ScenarioName
  /** Of the scenario's own seconds, which pass `speed` times as fast as the clock's. */
  readonly elapsed: number
  readonly seconds: number
}

/** Everything the page needs to draw itself. */
export interface LabState {
  /** Of this process. Another one after a restart: forget every frame. */
  readonly run: string
  readonly weather: WeatherName
  readonly load: Load
  readonly scenario: Progress | null
  /** How many times faster than written scenarios run and evidence ages. */
  readonly speed: number
  /** The span of a frame, in milliseconds. */
  readonly interval: number
  /** Frames that are kept for a reader that comes back. */
  readonly history: number
  readonly variants: readonly VariantText[]
  readonly weathers: readonly (Text & { readonly name: WeatherName })[]
  readonly actions: readonly (Text & { readonly name: ActionName })[]
  readonly scenarios: readonly (Text & { readonly name: ScenarioName; readonly seconds: number })[]
  readonly loadBounds: Readonly<Record<keyof Load, { readonly min: number; readonly max: number }>>
  /** The numbers of this laboratory that differ from the defaults, and those of the caches beside it. */
  readonly constants: readonly { readonly name: string; readonly value: string; readonly text: string }[]
}

export interface Text {
  /** A few words, for a button or a heading. */
  readonly title: string
  /** One or two sentences. */
  readonly text: string
}

export interface VariantText extends Text {
  readonly name: VariantName
  readonly holdfast: boolean
  readonly url: string
  /** The oldest evidence that it serves for opaque tokens, in milliseconds; 0 where it serves none that is not live. */
  readonly oldest: number
  /** Its Prometheus metrics, where it has any. */
  readonly metrics: string | null
}

export interface Commands {
  readonly '/weather': { readonly weather: WeatherName }
  readonly '/action': { readonly action: ActionName }
  /** What is not named stays as it is. */
  readonly '/load': Partial<Load>
  /** `null` ends the one that runs. */
  readonly '/scenario': { readonly scenario: ScenarioName | null }
}

export interface Problem {
  readonly error: string
}

/** A run, to be kept. */
export interface Recording {
  readonly format: 'holdfast-outage-lab/1'
  /** ISO 8601. */
  readonly recordedAt: string
  readonly lab: LabState
  readonly frames: readonly Frame[]
}
