import { digestOf } from '../cache/digest.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ending } from '../ports/ending.ts'
import { type Http, HttpError, type HttpResponse, type TlsIdentity } from '../ports/http.ts'
import type { Random } from '../ports/random.ts'
import { withEnding } from '../resilience/deadline.ts'
import { overReusedSocket } from '../resilience/reused-socket.ts'
import { LoadTrouble } from '../resilience/last-good.ts'
import { parseJsonObject } from '../syntax/json.ts'
import { retryAfter } from '../syntax/retry-after.ts'
import { type AnswerReading, judgeAnswer, parseAnswer } from './answer.ts'
import type { ClientAuthentication, Credentials } from './client-authentication.ts'
import { bodyOf, type Frame, frameFor } from './frame.ts'
import { type Answer, type IntrospectionRequest, type Introspector, Trouble, type TroubleKind } from './introspector.ts'
import { SIGNED_ANSWER, type SignedAnswers } from './signed-answer.ts'

export interface RemoteIntrospectorSettings {
  readonly issuer: string
  /** From configuration or metadata. @throws {LoadTrouble} */
  readonly endpoint: () => string | Promise<string>
  readonly client: ClientAuthentication
  /** Further request parameters. */
  readonly parameters: Readonly<Record<string, string>>
  /** Whether `token_type_hint` is sent (RFC 7662 §2.1). Default true. */
  readonly tokenTypeHint?: boolean
  /** What of an answer is read. Default: all, by the letter. */
  readonly reading?: AnswerReading
  /** Present where only signed answers count (RFC 9701). */
  readonly signed?: SignedAnswers | undefined
  readonly tls: TlsIdentity | undefined
  /** Milliseconds for one attempt, from the first byte out to the last byte in. */
  readonly deadline: number
}

export interface RemoteIntrospectorPorts {
  readonly http: Http
  readonly clock: Clock
  readonly random: Random
}

/** How far an introspection has come. */
interface Course {
  /** What is waited for, while it is not the endpoint. */
  lacking: TroubleKind | undefined
  /** What it was sent with. */
  used: Credentials | undefined
}

/** 64 KiB: an answer is one token's claims. */
const MAX_BYTES = 65_536
/** Errors by which a server says that it does not know us (RFC 6749 §5.2). */
const NOT_US = ['invalid_client', 'unauthorized_client']

/** RFC 7662 over HTTP: POST, one total deadline, no redirect; an HTTP error is never a verdict about the token. */
export function remoteIntrospector(settings: RemoteIntrospectorSettings, ports: RemoteIntrospectorPorts): Introspector {
  const { http, clock, random } = ports
  const lane = `introspection ${settings.issuer}`
  const hint: Readonly<Record<string, string>> =
    settings.tokenTypeHint === false ? {} : { token_type_hint: 'access_token' }
  /** Of the last request: the same as long as the credentials are. */
  let frame: Frame | undefined
  const accept = settings.signed ? SIGNED_ANSWER : undefined

  function introspect(request: IntrospectionRequest): Promise<Answer> {
    const course: Course = { lacking: undefined, used: undefined }
    const attempt = async (ending: Ending, rejected?: Credentials): Promise<HttpResponse> => {
      course.lacking = 'no_endpoint'
      let url: string
      try {
        url = await settings.endpoint()
      } catch (cause) {
        throw new Trouble('no_endpoint', { cause, pause: cause instanceof LoadTrouble ? cause.pause : 0 })
      }
      return overReusedSocket(() => exchange(request, url, course, ending, rejected))
    }
    const work = async (ending: Ending): Promise<Answer> => {
      try {
        let answer = await attempt(ending)
        // Secrets rotate without a restart: read them once more before calling it our mistake.
        if (answer.status === 401 && settings.client.renewable) answer = await attempt(ending, course.used)
        return await judge(answer, course)
      } catch (error) {
        throw troubleOf(error, course)
      }
    }
    return withEnding(settings.deadline, clock, work, (error) => troubleOf(error, course))
  }

  async function exchange(
    { token, sent }: IntrospectionRequest,
    url: string,
    course: Course,
    ending: Ending,
    rejected: Credentials | undefined,
  ): Promise<HttpResponse> {
    course.lacking = 'credentials_failed'
    let used: Credentials
    try {
      used = await settings.client.credentials({ issuer: settings.issuer, clock, random, rejected })
    } catch (cause) {
      throw new Trouble('credentials_failed', { cause })
    }
    course.used = used
    if (isOurs(token, used)) throw new Trouble('credentials_failed')
    course.lacking = undefined
    sent?.()
    if (frame?.credentials !== used) frame = frameFor(used, settings.parameters, hint, accept)
    const request = {
      method: 'POST',
      url,
      headers: { ...frame.headers },
      body: bodyOf(frame, token),
      tls: settings.tls,
      lane,
      maxBytes: MAX_BYTES,
      ending,
    } as const
    return http.send(ending.bind(request))
  }

  function judge(answer: HttpResponse, course: Course): Answer | Promise<Answer> {
    const { signed, reading } = settings
    if (answer.status === 200 && signed) {
      course.lacking = 'keys_unavailable'
      return signed.read(answer).then((json) => judgeAnswer(json, answer, reading))
    }
    if (answer.status === 200) return parseAnswer(answer, reading)
    const pause = retryAfter(answer.headers, clock.wall())
    if (answer.status === 401 || answer.status === 403 || saysNotUs(answer))
      throw new Trouble('misconfigured', { pause })
    if (answer.status === 429) throw new Trouble('throttled', { pause })
    throw new Trouble(answer.status >= 500 ? 'server_error' : 'unexpected_status', { pause })
  }

  return { introspect }
}

/** A token must not vouch for itself: ours, in somebody else's hands, would be its own way in. */
function isOurs(token: string, { headers }: Credentials): boolean {
  const ours = headers?.['authorization']
  // Digests, so that the time it takes tells nobody how much of it was right.
  return ours?.startsWith('Bearer ') === true && digestOf(ours) === digestOf(`Bearer ${token}`)
}

function saysNotUs(answer: HttpResponse): boolean {
  const error = answer.status === 400 ? parseJsonObject(answer.body)?.['error'] : undefined
  return typeof error === 'string' && NOT_US.includes(error)
}

function troubleOf(error: unknown, { lacking }: Course): Trouble {
  if (error instanceof Trouble) return error
  if (!(error instanceof HttpError)) return new Trouble('protocol', { cause: error })
  // A deadline that ends while something else is waited for says nothing of the endpoint.
  if (lacking) return new Trouble(lacking, { cause: error })
  return new Trouble(error.kind === 'aborted' ? 'timeout' : error.kind, { cause: error })
}
