import { randomBytes } from 'node:crypto'
import type { AuthRequest } from '@holdfast/core'

const BEARER = 'Bearer '
/** 256 bits in base64url. */
const LENGTH = 43
const LINE = BEARER.length + LENGTH

/** Opaque tokens in one buffer: a million strings of them would be a heap of their own. */
export class OpaqueTokens {
  readonly #lines: Buffer
  readonly #count: number

  constructor(count: number) {
    this.#count = count
    this.#lines = Buffer.alloc(count * LINE, BEARER.padEnd(LINE))
    for (let n = 0; n < count; n += 1) {
      this.#lines.write(randomBytes(32).toString('base64url'), n * LINE + BEARER.length, 'latin1')
    }
  }

  /** With strings that nobody has hashed, as from an HTTP parser. */
  request(n: number): AuthRequest {
    const line = this.#lines.toString('latin1', n * LINE, (n + 1) * LINE)
    return { method: 'GET', url: '/orders/17', rawHeaders: ['Host', 'api.example.com', 'Authorization', line] }
  }

  /** The same for all of them in an order without order: the stride is a prime that divides no count. */
  anyRequest = (index: number): AuthRequest => this.request((index * 7_368_787) % this.#count)
}
