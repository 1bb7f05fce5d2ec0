import type { Endpoint } from '../names.ts'

/** What befalls the calls of one API to the authorization server. */
export type Fault =
  | { readonly is: 'none' }
  /** Every answer comes so many milliseconds later. */
  | { readonly is: 'slow'; readonly by: number }
  /** So many calls per second are worked on, first come first served, whether or not their caller still waits. */
  | { readonly is: 'capacity'; readonly perSecond: number }
  /** Connections are reset: those that are open, and new ones as soon as they are taken. */
  | { readonly is: 'reset' }
  /** These endpoints answer 200 with this JSON, and nobody behind is asked. */
  | { readonly is: 'answer'; readonly endpoints: readonly Endpoint[]; readonly body: object }
