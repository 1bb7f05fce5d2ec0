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
  /** What was had before. Where it is from the same place, it is asked for again only if it has changed. */
  readonly known?: Document | undefined
}

export interface Document {
  readonly url: string
  readonly json: JsonObject
  readonly text: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** 256 KiB: far above any key set or metadata document, far below what hurts. */
const MAX_BYTES = 262_144

/**
 * Fetches a public JSON document: GET, status 200 only, or 304 where that was asked for (RFC 9111 §4.3); no redirect,
 * bounded in size and time.
 *
 * @throws {LoadTrouble} whose `trouble` names what went wrong, `status_NNN` for an HTTP status.
 */
export async function fetchJson(request: DocumentRequest, { http, clock }: DocumentPorts): Promise<Document> {
  const { url, accept, tls, lane } = request
  const known = request.known?.url === url ? request.known : undefined
  const conditions = known ? conditionsOf(known.headers) : {}
  const headers = { accept, ...conditions }
  const answer = await withDeadline(request.deadline, clock, (signal) => {
    return overReusedSocket(() => http.send({ method: 'GET', url, headers, maxBytes: MAX_BYTES, tls, lane, signal }))
  }).catch((cause: unknown) => {
    throw new LoadTrouble(cause instanceof HttpError ? cause.kind : 'protocol', { cause })
  })
  // Unasked, it says nothing about any document.
  if (known && answer.status === 304 && Object.keys(conditions).length > 0) {
    return { ...known, headers: { ...known.headers, age: undefined, ...answer.headers } }
  }
  if (answer.status !== 200) {
    throw new LoadTrouble(`status_${answer.status}`, {
      pause: retryAfter(answer.headers, clock.wall()),
    })
  }
  if (request.anyType !== true && !isJsonMediaType(answer.headers['content-type']))
    throw new LoadTrouble('content_type')
  const json = parseJsonObject(answer.body)
  if (!json) throw new LoadTrouble('malformed')
  return { url, json, text: answer.body.toString('utf8'), headers: answer.headers }
}

const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e]{0,256}"$/
/** An HTTP date as servers write it (RFC 9110 §5.6.7). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** What makes a request conditional, from an earlier answer; only what is written as it should be is sent back. */
function conditionsOf({ etag, 'last-modified': modified }: Document['headers']): Record<string, string> {
  return {
    ...(etag !== undefined && ENTITY_TAG.test(etag) ? { 'if-none-match': etag } : {}),
    ...(modified !== undefined && HTTP_DATE.test(modified) ? { 'if-modified-since': modified } : {}),
  }
}
