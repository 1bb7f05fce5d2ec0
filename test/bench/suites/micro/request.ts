import type { AuthRequest } from '@holdfast/core'

/** What a client sends, as an HTTP parser hands it over: every string is new, and nobody has hashed or compared it. */
export interface Sent {
  /** A request with nine field lines; of its strings the field line with the token is new each time. */
  readonly request: (index: number) => AuthRequest
  /** The token alone, for those that take no request. */
  readonly token: (index: number) => string
}

/** Made by a decoder, as those of a parser are: unlike literals they are not the same object as any in the code. */
const decoded = (text: string): string => Buffer.from(text).toString('latin1')
const fields = (...lines: readonly string[]): string[] => lines.flatMap((line) => line.split(': ').map(decoded))
const BEFORE = fields('Host: api.example.com', 'User-Agent: example/1.0', 'Accept: application/json')
const AFTER = [
  ...fields('Accept-Encoding: gzip, br', 'Accept-Language: en', 'Content-Type: application/json'),
  ...fields('X-Request-Id: 3f2c9b7e', 'Connection: keep-alive'),
]
const NAME = Buffer.from('Authorization')
const METHOD = decoded('GET')
const URL = decoded('/orders/17?expand=lines')

/** Requests with one token after the other, from the beginning again after the last. */
export function sending(tokens: readonly string[], scheme = 'Bearer'): Sent {
  const lines = tokens.map((token) => Buffer.from(`${scheme} ${token}`))
  const bare = tokens.map((token) => Buffer.from(token))
  return {
    request: (index) => ({
      method: METHOD,
      url: URL,
      rawHeaders: [...BEFORE, NAME.toString('latin1'), lines[index % lines.length]!.toString('latin1'), ...AFTER],
    }),
    token: (index) => bare[index % bare.length]!.toString('latin1'),
  }
}

/** A request without credentials. */
export const anonymous = (): AuthRequest => ({
  method: METHOD,
  url: URL,
  rawHeaders: [...BEFORE, ...AFTER],
})
