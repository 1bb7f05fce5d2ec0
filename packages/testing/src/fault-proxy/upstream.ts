import { type IncomingMessage, request as httpRequest } from 'node:http'
import { bodyOf, single } from '../authorization-server/listener.ts'
import { type WireAnswer, wireAnswer } from '../authorization-server/weather.ts'

/** What belongs to one connection and not to the message (RFC 9110 §7.6.1), and what is counted anew. */
const HOP_BY_HOP: readonly string[] = ['connection', 'keep-alive', 'transfer-encoding', 'content-length']

const endToEnd = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)))

/**
 * Passes a request on, `Host` included: a server that names its endpoints after it names the proxy. 502 when nobody is
 * there; `undefined` when the client went away before its request was complete.
 */
export async function passOn(upstream: URL, incoming: IncomingMessage): Promise<WireAnswer | undefined> {
  const body = await bodyOf(incoming)
  if (body === undefined) return undefined
  const { hostname, port } = upstream
  const { method, url: path, headers } = incoming
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest({
        hostname,
        port,
        method,
        path,
        agent: false,
        headers: {
          ...endToEnd(single(headers)),
          ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
      })
        .once('response', resolve)
        .once('error', reject)
        .end(body)
    })
    const received = await answer.toArray()
    return {
      status: answer.statusCode ?? 502,
      headers: endToEnd(single(answer.headers)),
      body: Buffer.concat(received as Buffer[]),
    }
  } catch {
    return wireAnswer({ status: 502, body: 'Bad Gateway', contentType: 'text/plain' })
  }
}
