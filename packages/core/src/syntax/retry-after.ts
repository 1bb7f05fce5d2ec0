/** A longer one would leave us blind to a recovery. */
const CAP_MS = 30_000

type Headers = Readonly<Record<string, string | undefined>>

/** Milliseconds that `Retry-After` asks for (RFC 9110 §10.2.3), at most 30 s; 0 when it says nothing usable. */
export function retryAfter(headers: Headers, now: number): number {
  const value = headers['retry-after']
  if (value === undefined) return 0
  const ms = /^\d{1,10}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now
  return Number.isFinite(ms) ? Math.min(CAP_MS, Math.max(0, ms)) : 0
}
