import { type Http, HttpError, type HttpErrorKind, type HttpRequest, type HttpResponse } from '../../src/ports/http.ts'

export type Reply = (request: HttpRequest, call: number) => HttpResponse | Promise<HttpResponse>

export interface Call extends HttpRequest {
  readonly form: URLSearchParams
}

export function json(value: unknown, answer: { status?: number; headers?: Record<string, string> } = {}): HttpResponse {
  return {
    status: answer.status ?? 200,
    headers: { 'content-type': 'application/json', ...answer.headers },
    body: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  }
}

export function status(code: number, headers: Record<string, string> = {}): HttpResponse {
  return { status: code, headers, body: Buffer.alloc(0) }
}

export function failing(kind: HttpErrorKind, options: { cause?: unknown; reusedSocket?: boolean } = {}): Reply {
  return () => {
    throw new HttpError(kind, options)
  }
}

/** An answer that comes when the test says so. */
export interface Held {
  readonly reply: Reply
  readonly waiting: number
  release(response: HttpResponse): void
  fail(error: Error): void
}

export function held(): Held {
  const waiting: { resolve: (response: HttpResponse) => void; reject: (error: Error) => void }[] = []
  return {
    reply: () => new Promise<HttpResponse>((resolve, reject) => waiting.push({ resolve, reject })),
    get waiting() {
      return waiting.length
    },
    release: (response) => waiting.splice(0).forEach(({ resolve }) => resolve(response)),
    fail: (error) => waiting.splice(0).forEach(({ reject }) => reject(error)),
  }
}

/** A network whose every answer is written down. An address without an answer does not resolve. */
export class ScriptedHttp implements Http {
  readonly calls: Call[] = []
  closed = 0
  readonly #replies = new Map<string, Reply>()

  on(url: string, reply: Reply | HttpResponse): this {
    this.#replies.set(url, typeof reply === 'function' ? reply : () => reply)
    return this
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    this.calls.push({ ...request, form: new URLSearchParams(request.body) })
    const reply = this.#replies.get(request.url)
    if (!reply) throw new HttpError('dns')
    // A real exchange ends with its signal, wherever it is.
    return new Promise<HttpResponse>((resolve, reject) => {
      request.signal.addEventListener('abort', () => reject(new HttpError('timeout')), { once: true })
      Promise.resolve()
        .then(() => reply(request, this.to(request.url).length))
        .then(resolve, reject)
    })
  }

  async close(): Promise<void> {
    this.closed += 1
  }

  to(url: string): Call[] {
    return this.calls.filter((call) => call.url === url)
  }
}
