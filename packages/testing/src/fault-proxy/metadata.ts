import type { WireAnswer } from '../authorization-server/weather.ts'

/**
 * Metadata as clients of the proxy must see it: endpoints that it names at the upstream are named at the proxy, and
 * `members` replace what is there. The issuer is an identifier, not an endpoint, and stays.
 */
export function renamed(
  answer: WireAnswer,
  { upstream, url, members }: { readonly upstream: string; readonly url: string; readonly members: object },
): WireAnswer {
  const document = parsed(answer.body)
  if (!document) return answer
  const moved = Object.entries(document).map(([name, value]) => [
    name,
    name !== 'issuer' && typeof value === 'string' && value.startsWith(`${upstream}/`)
      ? url + value.slice(upstream.length)
      : value,
  ])
  return { ...answer, body: Buffer.from(JSON.stringify({ ...Object.fromEntries(moved), ...members })) }
}

function parsed(body: Buffer): object | undefined {
  try {
    const document: unknown = JSON.parse(body.toString('utf8'))
    return typeof document === 'object' && document !== null && !Array.isArray(document) ? document : undefined
  } catch {
    return undefined
  }
}
