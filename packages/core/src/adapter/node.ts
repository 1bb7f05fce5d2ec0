import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../answer.ts'
import type { AuthRequest } from '../request.ts'

/** What a framework knows of a request beyond Node. Read when it is asked for; members may be getters. */
export interface FrameworkRequest {
  /** The client address, proxies considered. */
  readonly ip?: string | undefined
  /** Whether the client came over TLS, proxies considered. */
  readonly secure?: boolean | undefined
  /** What a body parser left. */
  readonly body?: unknown
}

/** A Node request as stages see it. What costs something is made when it is asked for. */
export class NodeRequest implements AuthRequest {
  readonly #message: IncomingMessage
  readonly #response: ServerResponse
  readonly #framework: FrameworkRequest
  readonly url: string | undefined

  /** @param url The path and query that the client asked for, where a router may have rewritten `message.url`. */
  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    url: string | undefined,
    framework: FrameworkRequest,
  ) {
    this.#message = message
    this.#response = response
    this.#framework = framework
    this.url = url
  }

  get method(): string | undefined {
    return this.#message.method
  }

  get rawHeaders(): readonly string[] {
    const { rawHeaders } = this.#message
    // What stands in for a socket, as on serverless platforms, may fill in nothing but `headers`; Node makes those when
    // they are first read, which takes 2 to 3 µs.
    return rawHeaders.length > 0 ? rawHeaders : Object.entries(this.#message.headers).flatMap(fieldsOf)
  }

  /** Over HTTP/2 it is no socket, and guards itself against those who take it for one. */
  get socket(): unknown {
    return this.#message.httpVersionMajor === 1 ? this.#message.socket : undefined
  }

  /** The socket, or that under the streams of HTTP/2. */
  get peer(): unknown {
    if (this.#message.httpVersionMajor === 1) return this.#message.socket
    const { stream } = this.#message as { readonly stream?: { readonly session?: { readonly socket?: unknown } } }
    return stream?.session?.socket
  }

  get source(): string | undefined {
    return this.#framework.ip
  }

  get secure(): boolean | undefined {
    return this.#framework.secure
  }

  get body(): unknown {
    return this.#framework.body
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

/** The field lines of one name; what is neither a text nor a list of them is none. */
function fieldsOf([name, value]: readonly [string, unknown]): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.flatMap((one) => (typeof one === 'string' ? [name, one] : []))
}

/** True when the client left before it had a whole response: nobody reads what would be written, or done. */
export function isGone(response: ServerResponse): boolean {
  const stream = http2StreamOf(response)
  // A reset HTTP/2 stream calls itself finished; one that was never ended was not.
  return stream ? stream.destroyed && !response.writableEnded : response.destroyed && !response.writableFinished
}

/** HTTP/2 responses are not destroyed themselves. */
function http2StreamOf(response: ServerResponse): { readonly destroyed: boolean } | undefined {
  return (response as { readonly stream?: { readonly destroyed: boolean } }).stream
}

/**
 * The header fields of an answer, as they are to be set beside what others have set: a second challenge joins the first
 * on a line of its own (RFC 9110 §11.6.1), and names that scripts may read join those that are there.
 */
export function fieldsBeside(
  response: Pick<ServerResponse, 'getHeader'>,
  { headers }: Pick<Answer, 'headers'>,
): readonly (readonly [name: string, value: string | string[]])[] {
  return Object.entries(headers).map(([name, value]) => {
    if (name !== 'www-authenticate' && name !== 'access-control-expose-headers') return [name, value]
    const present = [response.getHeader(name) ?? []].flat().map(String)
    if (present.length === 0) return [name, value]
    if (name === 'www-authenticate') return [name, [...present, value]]
    const names = present.flatMap((line) => line.split(',')).map((one) => one.trim())
    const known = new Set(names.map((one) => one.toLowerCase()))
    const added = value.split(', ').filter((one) => !known.has(one.toLowerCase()))
    return [name, [...names, ...added].filter((one) => one !== '').join(', ')]
  })
}

/** Has a response carry what {@link Passage} says, beside what the application has set and will set. */
export function addFields(response: ServerResponse, headers: Answer['headers'] | undefined): void {
  if (headers === undefined || response.headersSent) return
  for (const [name, value] of fieldsBeside(response, { headers })) response.setHeader(name, value)
}

/** Writes an answer, leaving alone what others have set. */
export function writeAnswer(response: ServerResponse, answer: Answer, method: string | undefined): void {
  if (response.headersSent || (http2StreamOf(response) ?? response).destroyed) return
  response.statusCode = answer.status
  for (const [name, value] of fieldsBeside(response, answer)) response.setHeader(name, value)
  if (answer.body === '') return void response.end()
  // HEAD says what GET would have said (RFC 9110 §9.3.2); Node counts octets only where it writes them.
  response.setHeader('content-length', Buffer.byteLength(answer.body))
  if (method === 'HEAD') response.end()
  else response.end(answer.body)
}
