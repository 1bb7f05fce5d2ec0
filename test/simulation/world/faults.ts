import type { HttpErrorKind } from '@holdfast/core'

/** The places of an authorization server. */
export type Endpoint = 'metadata' | 'keys' | 'introspection'

/** What may become of a request beside an honest answer. */
export type Fault =
  /** Refused, unresolved, a failed handshake, a reset: known after a round trip; the server has seen nothing. */
  | { readonly is: 'broken'; readonly kind: HttpErrorKind; readonly reusedSocket?: boolean }
  /** Never answered, never seen by the server: packets are lost. */
  | { readonly is: 'silent' }
  /** The server does the work, and the connection breaks before the answer. */
  | { readonly is: 'reset-after' }
  /** An honest answer, so many milliseconds later. */
  | { readonly is: 'slow'; readonly by: number }
  /** Says that every token is inactive. */
  | { readonly is: 'denies' }
  /** This answer, whatever was asked. A string is sent as it stands. */
  | {
      readonly is: 'says'
      readonly status: number
      readonly body?: string | object
      readonly headers?: Readonly<Record<string, string>>
    }

/** Asked once for each request, on its way out; `undefined` lets it pass. */
export type Weather = () => Fault | undefined

/** Every request meets this. */
export const always =
  (fault: Fault): Weather =>
  () =>
    fault
