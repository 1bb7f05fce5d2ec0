import { digestOf } from '../cache/digest.ts'
import type { Clock } from '../ports/clock.ts'
import { type Http, HttpError, type HttpResponse, type TlsIdentity } from '../ports/http.ts'
import type { Random } from '../ports/random.ts'
import { withDeadline } from '../resilience/deadline.ts'
import { overReusedSocket } from '../resilience/reused-socket.ts'
import { LoadTrouble } from '../resilience/last-good.ts'
import { parseJsonObject } from '../syntax/json.ts'
import { retryAfter } from '../syntax/retry-after.ts'
import { type AnswerReading, parseAnswer } from './answer.ts'
import type { ClientAuthentication, Credentials } from './client-authentication.ts'
import { type Answer, type IntrospectionRequest, type Introspector, Trouble, type TroubleKind } from './introspector.ts'

export interface RemoteIntrospectorSettings {
  readonly issuer: string
  /** From configuration or metadata. @throws {LoadTrouble} */
  readonly endpoint: () => Promise<string>
  readonly client: ClientAuthentication
  /** Further request parameters. */
  readonly parameters: Readonly<Record<string, string>>
  /** Whether `token_type_hint` is sent (RFC 7662 §2.1). Default true. */
  readonly tokenTypeHint?: boolean
  /** What of an answer is read. Default: all, by the letter. */
  readonly reading?: AnswerReading
  readonly tls: TlsIdentity | undefined
  /** Milliseconds for one attempt, from the first byte out to the last byte in. */
  readonly deadline: number
}

export interface RemoteIntrospectorPorts {
  readonly http: Http
  readonly clock: Clock
  readonly random: Random
}

/** 64 KiB: an answer is one token's claims. */
const MAX_BYTES = 65_536
/** Errors by which a server says that it does not know us (RFC 6749 §5.2). */
const NOT_US = ['invalid_client', 'unauthorized_client']

/** RFC 7662 over HTTP: POST, one total deadline, no redirect; an HTTP error is never a verdict about the token. */
export function remoteIntrospector(settings: RemoteIntrospectorSettings, ports: RemoteIntrospectorPorts): Introspector {
  const { http, clock, random } = ports

  async function introspect(request: IntrospectionRequest): Promise<Answer> {
    /** What is waited for before anything can be sent. */
    let lacking: TroubleKind | undefined
    let used: Credentials | undefined
    const attempt = async (signal: AbortSignal, rejected?: Credentials): Promise<HttpResponse> => {
      lacking = 'no_endpoint'
      const url = await endpointUrl()
      return overReusedSocket(async () => {
        lacking = 'credentials_failed'
        used = await credentials(rejected)
        if (isOurs(request.token, used)) throw new Trouble('credentials_failed')
        lacking = undefined
        request.sent?.()
        return exchange(url, request.token, used, signal)
      })
    }
    return withDeadline(settings.deadline, clock, async (signal) => {
      let answer = await attempt(signal)
      // Secrets rotate without a restart: read them once more before calling it our mistake.
      if (answer.status === 401 && settings.client.renewable) answer = await attempt(signal, used)
      return judge(answer)
    }).catch((error: unknown) => {
      // A deadline that ends before anything was sent says nothing of the endpoint.
      throw lacking && error instanceof HttpError ? new Trouble(lacking, { cause: error }) : troubleOf(error)
    })
  }

  async function endpointUrl(): Promise<string> {
    try {
      return await settings.endpoint()
    } catch (cause) {
      throw new Trouble('no_endpoint', { cause, pause: cause instanceof LoadTrouble ? cause.pause : 0 })
    }
  }

  async function credentials(rejected: Credentials | undefined): Promise<Credentials> {
    try {
      return await settings.client.credentials({ issuer: settings.issuer, clock, random, rejected })
    } catch (cause) {
      throw new Trouble('credentials_failed', { cause })
    }
  }

  function exchange(
    url: string,
    token: string,
    { headers, parameters }: Credentials,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const hint = settings.tokenTypeHint === false ? {} : { token_type_hint: 'access_token' }
    // Last wins, so that nothing configured can stand in for the token or for us.
    const body = new URLSearchParams({ ...settings.parameters, ...parameters, token, ...hint })
    return http.send({
      method: 'POST',
      url,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: body.toString(),
      tls: settings.tls,
      lane: `introspection ${settings.issuer}`,
      maxBytes: MAX_BYTES,
      signal,
    })
  }

  function judge(answer: HttpResponse): Answer {
    if (answer.status === 200) return parseAnswer(answer, settings.reading)
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

function troubleOf(error: unknown): Trouble {
  if (error instanceof Trouble) return error
  if (!(error instanceof HttpError)) return new Trouble('protocol', { cause: error })
  return new Trouble(error.kind === 'aborted' ? 'timeout' : error.kind, { cause: error })
}
