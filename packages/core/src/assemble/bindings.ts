import type { BindingRules } from '../bind/bind.ts'
import { Dpop } from '../bind/dpop/dpop.ts'
import { LocalReplays } from '../bind/dpop/local-replays.ts'
import { Nonces } from '../bind/dpop/nonces.ts'
import type { DpopSettings } from '../options/dpop.ts'
import type { Settings } from '../options/settings.ts'

const EXPOSED = Object.freeze({ 'access-control-expose-headers': 'DPoP-Nonce' })

/** What the bindings of tokens are held against. */
export function assembleBindings(settings: Settings): BindingRules {
  const { dpop, mtls, bindingRequired: required } = settings
  return { dpop: dpop && assembleDpop(dpop, settings), mtls, required }
}

function assembleDpop(
  { isRequired, rules, nonce, replay }: DpopSettings,
  { ports, resilience, challenge }: Settings,
): Dpop {
  const { clock, random, signatures } = ports
  const isLocal = !replay.memory || replay.onFailure === 'local'
  return new Dpop({
    rules,
    isRequired,
    nonces: nonce && new Nonces(nonce, random),
    // A nonce is for one client: no cache hands it to another (RFC 9449 §8.2).
    nonceFields: { 'cache-control': 'no-store', ...(challenge.exposeHeaders ? EXPOSED : {}) },
    localReplays: isLocal ? new LocalReplays(replay.entries, clock) : undefined,
    sharedReplays: replay.memory,
    wait: resilience.wait,
    clock,
    signatures,
  })
}
