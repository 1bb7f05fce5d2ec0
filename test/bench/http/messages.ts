/** The authorization server, as those who verify its tokens must know it. */
export interface Authority {
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
}

export type Framework = 'Express 5' | 'Koa 3'

/** Which tokens come: always the same; each of many in turn; the same nine times, then one that was never seen. */
export type Mix = 'hot' | 'rotating' | '90/10'

/** What a server is asked. */
export type ServerMessage =
  | { readonly do: 'start'; readonly framework: Framework; readonly authority: Authority }
  /** Serves with this middleware from now on; `timed` with a clock around it. */
  | { readonly do: 'use'; readonly subject: string; readonly timed: boolean }
  | { readonly do: 'account' }

/** What a server has spent since its last `use`. */
export interface Account {
  readonly cpuMicros: number
  /** Median time in the middleware for one request; 0 where it was not timed. */
  readonly insideMicros: number
}

/** What a load generator is asked. */
export type LoadMessage =
  | { readonly do: 'tokens'; readonly tokens: readonly string[] }
  | { readonly do: 'connect'; readonly port: number; readonly connections: number }
  | { readonly do: 'run'; readonly subject: string; readonly mix: Mix; readonly length: Length }

/** Both `millis` and `requests`, unless that takes longer than `atMostMillis`. */
export interface Length {
  readonly millis: number
  readonly requests: number
  readonly atMostMillis: number
}

/** What a load generator saw. */
export interface LoadReport {
  readonly requests: number
  /** Answers other than 200. */
  readonly refused: number
  readonly millis: number
  readonly p50Millis: number
  readonly p99Millis: number
  /** Of one core. */
  readonly cpuShare: number
}
