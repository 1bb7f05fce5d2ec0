import type { RecordedCall } from './calls.ts'

/** The resource server as the authorization server knows it. */
export interface TestClient {
  readonly id: string
  readonly secret: string
}

/** True when a call carries these credentials, as `client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1). */
export function authenticates({ headers, parameters }: RecordedCall, client: TestClient): boolean {
  const given = basic(headers['authorization']) ?? { id: parameters['client_id'], secret: parameters['client_secret'] }
  return given.id === client.id && given.secret === client.secret
}

function basic(authorization: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return { id: formDecoded(id), secret: formDecoded(secret.join(':')) }
}

/** Both halves are form-encoded before they are joined, which many clients forget. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return ''
  }
}
