import type { HttpRequest } from './http.ts'

/**
 * Ends one exchange before its time. Its signal is made only for who asks for one: to make it and to listen to it takes
 * up to 10 µs on Node 20, where the whole exchange takes 40.
 */
export class Ending {
  /** Called when it is over. */
  listener: (() => void) | undefined
  #request: HttpRequest | undefined
  #over = false
  #controller: AbortController | undefined

  get over(): boolean {
    return this.#over
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#over) this.#controller.abort()
    }
    return this.#controller.signal
  }

  /** Gives a request its signal. */
  bind(request: Omit<HttpRequest, 'signal'> & { readonly ending: Ending }): HttpRequest {
    this.#request = Object.defineProperty(request, 'signal', SIGNAL) as HttpRequest
    return this.#request
  }

  /** Whether it ends this very request: a changed copy may have been given another signal. */
  isOf(request: HttpRequest): boolean {
    return this.#request === request
  }

  end(): void {
    if (this.#over) return
    this.#over = true
    this.#controller?.abort()
    this.listener?.()
  }
}

/** Written once: a getter in the literal of every request would take 1 µs more. */
const SIGNAL: PropertyDescriptor & ThisType<HttpRequest> = {
  enumerable: true,
  get() {
    return this.ending!.signal
  },
}
