import type { Evidence, VariantFrame, VariantName } from '../frame.ts'
import type { FaultProxy } from '../weather/fault-proxy.ts'

/** What an API counted since its start. */
export interface Counters {
  readonly accepted: { readonly jwt: Evidence; readonly opaque: Evidence }
  readonly refused: Readonly<Record<string, number>>
}

/** One API that is compared, with the weather between it and the authorization server. */
export interface Variant {
  readonly name: VariantName
  readonly url: string
  /** Its Prometheus metrics, where it has any. */
  readonly metrics: string | null
  readonly proxy: FaultProxy
  /** What it counted, and what it knows of the authorization server now. */
  readonly look: () => Counters & Pick<VariantFrame, 'endpoint' | 'survivable'>
  /** Refuses the tokens of this user from now on, where it can. */
  revoke(subject: string): Promise<void>
  /** Counts for a while what it would serve if the authorization server were gone, where it can. */
  drill(): Promise<void>
  close(): Promise<void>
}

/** What a handler answers with: by which evidence the request was let in, and how old that was in milliseconds. */
export interface LetIn {
  readonly evidence: keyof Evidence
  readonly age: number
}
