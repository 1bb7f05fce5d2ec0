import type { Credentials } from './client-authentication.ts'
import { formEncode } from './form.ts'

/** Headers and body of an introspection request, but for the token in it. */
export interface Frame {
  readonly credentials: Credentials
  readonly headers: Readonly<Record<string, string>>
  /** What stands before and after the token in the form. */
  readonly head: string
  readonly tail: string
}

type Parameters = Readonly<Record<string, string>>

/**
 * @param configured Further parameters.
 * @param hint What follows the token: its hint, if that is sent.
 * @param accept The media type of an answer: one alone, because some servers want it so.
 */
export function frameFor(
  credentials: Credentials,
  configured: Parameters,
  hint: Parameters,
  accept = 'application/json',
): Frame {
  // Last wins, so that nothing configured can stand in for the token or for us.
  const fields = Object.entries({ ...configured, ...credentials.parameters, token: '', ...hint })
  const after = fields.findIndex(([name]) => name === 'token') + 1
  const tail = new URLSearchParams(fields.slice(after)).toString()
  return {
    credentials,
    headers: {
      accept,
      'content-type': 'application/x-www-form-urlencoded',
      ...credentials.headers,
    },
    head: new URLSearchParams(fields.slice(0, after)).toString(),
    tail: tail === '' ? '' : `&${tail}`,
  }
}

export function bodyOf({ head, tail }: Frame, token: string): string {
  return head + formEncode(token) + tail
}
