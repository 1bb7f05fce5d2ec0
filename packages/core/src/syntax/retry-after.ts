type Headers = Readonly<Record<string, string | undefined>>

/** Milliseconds that `Retry-After` asks for (RFC 9110 §10.2.3), at most `cap`; 0 when it says nothing usable. */
export function retryAfter(headers: Headers, cap: number, now: number): number {
  const value = headers['retry-after']
  if (value === undefined) return 0
  const ms = /^\d{1,10}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now
  return Number.isFinite(ms) ? Math.min(cap, Math.max(0, ms)) : 0
}
