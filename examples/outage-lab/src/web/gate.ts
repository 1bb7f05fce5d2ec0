import type { IncomingMessage } from 'node:http'

/**
 * Why a request is turned away; `undefined` for one that may pass.
 *
 * The laboratory listens on loopback, where every page in the same browser reaches it, too. A page whose own name was
 * made to lead to 127.0.0.1 (DNS rebinding) still sends that name in `Host`. A page elsewhere that posts to us (CSRF)
 * sends its `Origin`; and JSON is nothing that it may post without asking first, to which we never say yes.
 */
export function turnedAway({ method, headers }: IncomingMessage, port: number): string | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  if (!hosts.includes(headers.host ?? '')) return 'the Host of this request is not this laboratory'
  const { origin } = headers
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`))
    return 'the Origin of this request is another site'
  if (method === 'POST' && headers['content-type'] !== 'application/json')
    return 'commands are JSON: content-type: application/json'
  return undefined
}
