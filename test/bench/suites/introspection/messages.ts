/** Where the authorization server is asked. */
export interface Endpoint {
  /** Of the issuer; it introspects at `/introspect`. */
  readonly issuer: string
  /** PEM, where it speaks TLS. */
  readonly ca: string | undefined
}

/** What an authorization server is asked. */
export type AuthorizationServerMessage =
  | { readonly do: 'start'; readonly certificate: { readonly key: string; readonly cert: string } | undefined }
  /** Answers after so many milliseconds from now on, and has forgotten who asked before. */
  | { readonly do: 'delay'; readonly millis: number }
  /** Who has asked since then: a client is a subject. */
  | { readonly do: 'account'; readonly client: string }

export interface CallAccount {
  readonly calls: number
  readonly sockets: number
  /** Minutes between two calls for the same token, on average over all that were asked about twice; 0 without any. */
  readonly minutesBetween: number
}

/** What a resource server is asked. */
export type AppMessage =
  /** @see Place.fresh */
  | { readonly do: 'start'; readonly endpoint: Endpoint; readonly fresh: number | undefined }
  | { readonly do: 'use'; readonly subject: string }
  /** Microseconds of CPU since the last `use`. */
  | { readonly do: 'account' }
  /** So many calls with new tokens, so many at a time, without a request around them. */
  | { readonly do: 'calls'; readonly subject: string; readonly count: number; readonly inFlight: number }

/** Microseconds for one call. */
export interface CallCost {
  readonly cpuMicros: number
  readonly wallMicros: number
}
