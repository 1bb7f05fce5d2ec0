import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../answer.ts'
import type { AuthRequest } from '../request.ts'

/** A Node request as stages see it. What costs something is made when it is asked for. */
export class NodeRequest implements AuthRequest {
  readonly #message: IncomingMessage
  readonly #response: ServerResponse
  readonly #address: () => string | undefined
  readonly url: string | undefined

  /**
   * @param url The path and query that the client asked for, where a router may have rewritten `message.url`.
   * @param address The client address as the framework knows it, proxies considered.
   */
  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    url: string | undefined,
    address: () => string | undefined,
  ) {
    this.#message = message
    this.#response = response
    this.#address = address
    this.url = url
  }

  get method(): string | undefined {
    return this.#message.method
  }

  get rawHeaders(): readonly string[] {
    const { rawHeaders, headers } = this.#message
    // What stands in for a socket, as on serverless platforms, may fill in nothing but `headers`.
    return rawHeaders.length > 0
      ? rawHeaders
      : Object.entries(headers).flatMap(([name, value]) => [name, String(value)])
  }

  get source(): string | undefined {
    return this.#address()
  }

  /** Aborts when the client has gone; not when an application that answered early still works. */
  get signal(): AbortSignal {
    const response = this.#response
    if (isGone(response)) return AbortSignal.abort()
    const controller = new AbortController()
    response.once('close', () => {
      if (isGone(response)) controller.abort()
    })
    return controller.signal
  }
}

/** True when the client left before it had a whole response: nobody reads what would be written, or done. */
export function isGone(response: ServerResponse): boolean {
  return response.destroyed && !response.writableFinished
}

/** Writes an answer, leaving alone what others have set: a second challenge joins the first (RFC 9110 §11.6.1). */
export function writeAnswer(response: ServerResponse, answer: Answer, method: string | undefined): void {
  if (response.headersSent || response.destroyed) return
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers)) {
    if (name === 'www-authenticate') response.appendHeader(name, value)
    else response.setHeader(name, value)
  }
  if (answer.body === '') return void response.end()
  // HEAD says what GET would have said (RFC 9110 §9.3.2); Node counts octets only where it writes them.
  response.setHeader('content-length', Buffer.byteLength(answer.body))
  if (method === 'HEAD') response.end()
  else response.end(answer.body)
}
