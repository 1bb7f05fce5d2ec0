import { AuthError, clientSecretBasic, createResourceServer, inlineSignatures } from '@holdfast/core'
import type { AuthContext, IssuerOptions, SharedServerOptions } from '@holdfast/core'
import { AUDIENCE } from '../world/tokens.ts'
import { accepted, type ContenderPorts, type Decision, type Policy, REFUSED, UNDECIDED } from '../world/contender.ts'

/** What differs from the default options in a run. */
export interface HoldfastOptions extends Omit<SharedServerOptions, 'ports'> {
  /** Default: opaque tokens, introspected at a known address. */
  readonly issuers?: (issuer: string) => readonly IssuerOptions[]
}

/** Opaque tokens only, nothing to discover. */
const opaqueOnly = (issuer: string): readonly IssuerOptions[] => [
  {
    issuer,
    jwt: false,
    introspection: { client: clientSecretBasic('api', 'secret'), endpoint: `${issuer}/introspect` },
  },
]

/** The real resource server, asked as the adapters ask it. */
export function holdfast({ issuers = opaqueOnly, ...options }: HoldfastOptions = {}): Policy {
  return ({ clock, random, http, issuer }: ContenderPorts) => {
    const server = createResourceServer({
      // Observed, so that advice goes to no console.
      observe: () => undefined,
      ...options,
      audience: AUDIENCE,
      issuers: issuers(issuer),
      ports: { clock, random, http, signatures: inlineSignatures },
    })
    const admitted = ({ evidence }: AuthContext): Decision => accepted(clock.wall() - evidence.checkedAt * 1_000)
    return {
      server,
      decide(request) {
        const tried = server.tryAuthenticate(request)
        if (tried instanceof AuthError) return decisionOf(tried)
        return tried ? admitted(tried) : server.authenticate(request).then(admitted, decisionOf)
      },
      close: () => server.close(),
    }
  }
}

function decisionOf(error: unknown): Decision {
  if (!(error instanceof AuthError) || error.status === 500) throw error
  const { outcome } = error.code === 'unavailable' ? UNDECIDED : REFUSED
  return { outcome, age: 0, reason: error.reason }
}
