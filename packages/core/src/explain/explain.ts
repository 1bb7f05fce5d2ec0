import { type BindingRules, demandsProof } from '../bind/bind.ts'
import { classify, type Routes } from '../classify.ts'
import type { Revocations } from '../cache/revocations.ts'
import { parseJws, shapeOf } from '../syntax/jws.ts'
import type { Presented } from '../verify/verifier.ts'
import { Checks } from './checks.ts'
import { type Explanation, explanationOf } from './explanation.ts'

export interface ExplainerParts {
  readonly routes: Routes
  readonly revocations: Revocations
  readonly bindings: BindingRules
}

/** Judges a token by what this process knows: every check, also behind the first no, and nothing over the network. */
export async function explain(
  presented: Presented,
  { routes, revocations, bindings }: ExplainerParts,
  maxLength: number,
): Promise<Explanation> {
  const { token } = presented
  const checks = new Checks()
  if (token.length > maxLength) {
    checks.failed('token_too_long', `${token.length} characters; at most ${maxLength} are read`)
    return explanationOf(undefined, checks.all)
  }
  checks.passed('token_too_long')
  if (revocations.isTombstone(token)) checks.failed('token_revoked', 'revoke() was called for it')

  const classified = await checks.step(
    'issuer_unknown',
    () => classify(token, routes),
    () => issuerOf(token),
  )
  if (!classified) return explanationOf(undefined, checks.all)
  const { issuer, verifier, jwt } = classified
  const known = await verifier.explain({ ...presented, jwt }, checks)
  if (known) {
    if (await checks.step('binding_unsupported', () => demandsProof(known, bindings))) {
      checks.unknown('binding_unproven', 'it is bound to a key, which only a request can prove')
    }
    const revoked = revocations.judge(known)
    if (revoked) checks.failed(revoked, 'a revocation by claim covers it')
    else checks.passed('token_revoked')
  }
  return explanationOf(issuer, checks.all)
}

function issuerOf(token: string): string | undefined {
  const jwt = shapeOf(token) === 'jws' ? parseJws(token) : undefined
  return jwt && `"iss" is ${JSON.stringify(jwt.claims['iss'])}`
}
