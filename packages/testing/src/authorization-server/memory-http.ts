import { type Clock, type Http, HttpError, type HttpRequest, type HttpResponse } from '@holdfast/core'
import type { Visit, WireRequest } from './endpoints.ts'

/** Core's network port, answered in memory: no socket, no DNS, no time but the clock's. */
export function memoryHttp(issuer: string, receive: (request: WireRequest) => Visit, clock: Clock): Http {
  const { origin } = new URL(issuer)
  return {
    async send(request) {
      const url = new URL(request.url)
      if (url.origin !== origin) throw new HttpError('dns')
      const visit = receive(wireRequest(request, url))
      await passed(visit.delay, request.signal, clock)
      return arrived(visit, request, clock)
    },
    // It is the test's network: a resource server that closes does not take it down.
    close: async () => undefined,
  }
}

async function arrived(visit: Visit, { signal, maxBytes }: HttpRequest, clock: Clock): Promise<HttpResponse> {
  const fate = visit.fate()
  if (fate.is === 'hang') await passed(Infinity, signal, clock)
  if (fate.is !== 'answer') throw new HttpError(fate.is === 'outage' ? 'connect' : 'reset')
  const { status, headers, body } = fate.answer
  await passed(fate.every * body.length, signal, clock)
  if (body.length > maxBytes) throw new HttpError('too_large')
  return { status, headers, body }
}

/** Resolves when `ms` milliseconds have passed; never for `Infinity`. @throws {HttpError} when the request is ended. */
function passed(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = (): void => {
      cancel()
      reject(new HttpError('timeout'))
    }
    const cancel = ms > 0 && ms !== Infinity ? clock.after(ms, done) : () => undefined
    function done(): void {
      signal.removeEventListener('abort', ended)
      resolve()
    }
    if (signal.aborted) return ended()
    if (ms === 0) return resolve()
    signal.addEventListener('abort', ended, { once: true })
  })
}

function wireRequest({ method, headers, body = '' }: HttpRequest, { pathname, search }: URL): WireRequest {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { method, path: pathname + search, headers: lower, body }
}
