import { type Agent, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http'

/**
 * Passes a request on, `Host` included: the server then names its endpoints as the proxy's, and the callers come back
 * this way. 502 when the server does not answer.
 */
export function passOn(upstream: URL, agent: Agent, request: IncomingMessage, response: ServerResponse): void {
  const { hostname, port } = upstream
  const { method, url: path, headers } = request
  const outgoing = httpRequest({ hostname, port, method, path, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
    answer.on('error', () => response.destroy())
  })
  outgoing.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
  response.once('close', () => response.writableFinished || outgoing.destroy())
  request.pipe(outgoing)
}
