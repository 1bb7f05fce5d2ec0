import type { TestAuthorizationServer } from '@holdfast/testing'
import { type Reply, send } from './client.ts'

/** A peer's API, and the authorization server that it trusts. */
export interface Api {
  readonly as: TestAuthorizationServer
  readonly origin: string
}

/** What a peer did. */
export interface Verdict {
  readonly ok: boolean
  /** The right status, and not the challenge or the headers that go with it. */
  readonly partly?: boolean
  /** In a few words, such as `200` or `401 invalid_token`. */
  readonly did: string
}

export interface Row {
  /** The requirements that it is about. */
  readonly ids: readonly string[]
  readonly does: string
  /** Only for peers that check scopes. */
  readonly scopes?: true
  readonly run: (api: Api) => Promise<Verdict>
}

export interface Asked {
  readonly method?: string
  readonly path?: string
  /** A token, or field lines: names and values in turn. */
  readonly with?: string | readonly string[]
  readonly body?: string
}

export function ask(
  { origin }: Api,
  { method = 'GET', path = '/', with: credentials = [], body }: Asked,
): Promise<Reply | undefined> {
  return send(origin, method, path, typeof credentials === 'string' ? bearer(credentials) : credentials, body)
}

const bearer = (token: string): readonly string[] => ['Authorization', `Bearer ${token}`]

/** A status, and where one is named the error of the challenge: `'401 invalid_token'`, `'401 none'`, `'503'`. */
export type Wanted = `${number}` | `${number} ${string}`

/** A row of one request. */
export function row(
  ids: readonly string[],
  does: string,
  wanted: Wanted,
  asked: (as: TestAuthorizationServer) => Asked,
  more: { readonly scopes?: true; readonly also?: (reply: Reply) => boolean } = {},
): Row {
  return {
    ids,
    does,
    ...(more.scopes ? { scopes: true } : {}),
    run: async (api) => {
      const reply = await ask(api, asked(api.as))
      const verdict = judge(reply, wanted)
      const rest = verdict.ok && reply && more.also ? more.also(reply) : verdict.ok
      return rest ? verdict : { ...verdict, ok: false, partly: verdict.ok || verdict.partly === true }
    },
  }
}

export function judge(reply: Reply | undefined, wanted: Wanted): Verdict {
  if (!reply) return { ok: false, did: 'no answer' }
  const [status, error] = wanted.split(' ')
  const did = reply.error === undefined || reply.status < 400 ? String(reply.status) : `${reply.status} ${reply.error}`
  const partly = String(reply.status) === status
  return { ok: partly && (error === undefined || reply.error === error), partly, did }
}
