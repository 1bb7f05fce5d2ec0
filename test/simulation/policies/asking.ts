import { clientSecretBasic } from '@holdfast/core'
import type { Introspector } from '#core/introspection/introspector'
import { remoteIntrospector } from '#core/introspection/remote'
import type { ContenderPorts } from '../world/contender.ts'

/** One introspection of a simpler policy, as in the model: 1 s. The real server's default is 2 s. */
const DEADLINE_MS = 1_000

/** The core's own introspection client, without anything around it. */
export function asking({ clock, random, http, issuer }: ContenderPorts): Introspector {
  return remoteIntrospector(
    {
      issuer,
      endpoint: () => Promise.resolve(`${issuer}/introspect`),
      client: clientSecretBasic('api', 'secret'),
      parameters: {},
      tls: undefined,
      deadline: DEADLINE_MS,
    },
    { http, clock, random },
  )
}
