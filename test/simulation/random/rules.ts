/** The rules of degraded mode that are checked after every event of a small run, each with what it says. */
export const RULES = {
  'never-500': 'no weather makes a mistake of ours',
  expiry: 'an accepted token has not expired by our clock',
  age: 'evidence is at most fresh + grace old, from the start of the last successful verification',
  'stale-unsaid': 'evidence past its freshness is called stale',
  'stale-evidence': 'stale evidence is served only after trouble since it was had',
  'stale-count': 'every request is counted by the evidence it was served on',
  'inactive-final': 'a token called inactive is refused until a newer answer says otherwise',
  'revoked-final': 'what was revoked here stays refused, over a restart where the order was kept',
  invalidated: 'after invalidate() only an answer to a later question counts',
  'never-seen': 'no token is accepted without a verification',
  'malformed-verdict': 'an answer that is no answer is no verdict',
  'forged-jwt': 'a JWT is accepted only with a signature by its issuer',
  'removed-key': 'a JWT is accepted only while its key is in the last good set',
  'old-keys': 'keys are not used past their hard bound',
  'fresh-route': 'a route that asks for fresh evidence gets no older one',
  'one-call': 'one call at a time for each token',
  detached: 'a caller who leaves ends nobody else’s call',
  'in-flight': 'no more calls in flight than configured',
  probe: 'one probe at a time while the endpoint is down',
  'slow-start': 'after an outage calls in flight double each second, from two',
  paused: 'nobody is asked before the pause that the endpoint asked for, or that our rejection sets, is over',
  'cache-bound': 'no more entries than configured',
  'queue-bound': 'no more waiting inquiries than configured',
  'stranger-kept': 'only what was called active is kept as such',
  'asked-again': 'strangers push out no known token: while there is room it is not asked about again',
  'negative-asked': 'a token just called inactive is not asked about again',
  'down-waits': 'nobody who can be served stale waits while the endpoint is down',
  'definite-401': 'a token is refused only on a definite verdict',
  'answer-shape': 'a refusal carries a challenge, an inability a Retry-After and none',
  'store-refuses': 'a failing store refuses nobody once it has had its time',
  retries: 'retries are paid for by answers',
  'key-fetches': 'unknown keys cause no more fetches than their budget',
  timers: 'timers are bounded',
  'decided-in-time': 'every request is decided in time',
  unhandled: 'no rejection goes unhandled',
  recovery: 'after the weather clears everybody is served on live evidence, without a restart',
  closed: 'a closed server sets no timer, sends nothing and leaves nobody waiting',
  events: 'a small run stays small',
} as const

export type Rule = keyof typeof RULES

/** A rule that did not hold. */
export class RuleBroken extends Error {
  override readonly name = 'RuleBroken'
  readonly rule: Rule

  constructor(rule: Rule, what: string) {
    super(`${rule} (${RULES[rule]}): ${what}`)
    this.rule = rule
  }
}
