import type { Clock } from '../ports/clock.ts'
import { type Http, HttpError, type TlsIdentity } from '../ports/http.ts'
import { type JsonObject, parseJsonObject } from '../syntax/json.ts'
import { isJsonMediaType } from '../syntax/media-type.ts'
import { retryAfter } from '../syntax/retry-after.ts'
import { withDeadline } from './deadline.ts'
import { overReusedSocket } from './reused-socket.ts'
import { LoadTrouble } from './last-good.ts'

export interface DocumentPorts {
  readonly http: Http
  readonly clock: Clock
}

export interface DocumentRequest {
  readonly url: string
  readonly accept: string
  /** Milliseconds for the whole exchange. */
  readonly deadline: number
  readonly tls?: TlsIdentity | undefined
  /** See {@link HttpRequest.lane}. */
  readonly lane: string
  /** True when any content type will do: key sets come with many, metadata only as JSON (RFC 8414 §3.2). */
  readonly anyType?: boolean
}

export interface Document {
  readonly json: JsonObject
  readonly text: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** 256 KiB: far above any key set or metadata document, far below what hurts. */
const MAX_BYTES = 262_144

/**
 * Fetches a public JSON document: GET, status 200 only, no redirect, bounded in size and time.
 *
 * @throws {LoadTrouble} whose `trouble` names what went wrong, `status_NNN` for an HTTP status.
 */
export async function fetchJson(request: DocumentRequest, { http, clock }: DocumentPorts): Promise<Document> {
  const answer = await withDeadline(request.deadline, clock, (signal) => {
    const { url, accept, tls, lane } = request
    return overReusedSocket(() =>
      http.send({ method: 'GET', url, headers: { accept }, maxBytes: MAX_BYTES, tls, lane, signal }),
    )
  }).catch((cause: unknown) => {
    throw new LoadTrouble(cause instanceof HttpError ? cause.kind : 'protocol', { cause })
  })
  if (answer.status !== 200) {
    throw new LoadTrouble(`status_${answer.status}`, {
      pause: retryAfter(answer.headers, clock.wall()),
    })
  }
  if (request.anyType !== true && !isJsonMediaType(answer.headers['content-type']))
    throw new LoadTrouble('content_type')
  const json = parseJsonObject(answer.body)
  if (!json) throw new LoadTrouble('malformed')
  return { json, text: answer.body.toString('utf8'), headers: answer.headers }
}
