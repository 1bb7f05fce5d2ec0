import { AuthError } from '../errors.ts'
import type { VerificationKey } from '../keys/jwk.ts'
import type { KeyRequest, KeySource } from '../keys/key-source.ts'
import type { Clock } from '../ports/clock.ts'
import type { HttpResponse } from '../ports/http.ts'
import type { Signatures } from '../ports/signatures.ts'
import { deeplyFrozen, isJsonObject, type JsonObject } from '../syntax/json.ts'
import { shapeOf, type UnverifiedJwt } from '../syntax/jws.ts'
import { parseJws } from '../syntax/jws.ts'
import { joseType, mediaType } from '../syntax/media-type.ts'
import type { Algorithm } from '../verify/algorithms.ts'
import { audienceOf, type Claims, wrongType } from '../verify/claims.ts'
import type { Decryptor } from '../verify/decryption.ts'
import { checkJwsHeader } from '../verify/jwt-header.ts'
import { signedBy } from '../verify/signature.ts'
import { Trouble } from './introspector.ts'

/** What a signed answer must look like (RFC 9701 §5). */
export interface SignedAnswerRules {
  readonly issuer: string
  /** Who we are, in its `aud`: any of these. */
  readonly audience: readonly string[]
  readonly algorithm: Algorithm
  /** Seconds since `iat`. */
  readonly maxAge: number
  /** Seconds by which the issuer's clock may be ahead. */
  readonly skew: number
}

export interface SignedAnswerParts {
  readonly rules: SignedAnswerRules
  readonly keys: KeySource
  readonly signatures: Signatures
  readonly clock: Clock
  /** Opens encrypted answers, where they are taken. */
  readonly decryptor: Decryptor | undefined
}

/** The media type of a signed answer, encrypted or not, and the `typ` of its JWT. */
export const SIGNED_ANSWER = 'application/token-introspection+jwt'

/**
 * Reads signed introspection answers (RFC 9701), and takes no others: plain JSON is no verdict, whatever it says. What
 * comes out is `token_introspection`, the only part that is about the token.
 */
export class SignedAnswers {
  readonly #parts: SignedAnswerParts

  constructor(parts: SignedAnswerParts) {
    this.#parts = parts
  }

  /** @throws {Trouble} by rejection. */
  async read(response: HttpResponse): Promise<JsonObject> {
    const jwt = await this.#open(response)
    await this.#checkSignature(jwt)
    return deeplyFrozen(this.#contentOf(jwt.claims))
  }

  async #open({ headers, body }: HttpResponse): Promise<UnverifiedJwt> {
    const { decryptor } = this.#parts
    if (mediaType(headers['content-type']) !== SIGNED_ANSWER) throw new Trouble('unsigned')
    const text = body.toString('latin1')
    if (shapeOf(text) !== 'jwe') {
      const jwt = parseJws(text)
      if (!jwt) throw new Trouble('malformed')
      if (decryptor?.required === true) throw new Trouble('undecryptable')
      return jwt
    }
    if (!decryptor) throw new Trouble('undecryptable')
    try {
      return (await decryptor.nested(text)).jwt
    } catch (error) {
      throw troubleOf(error, 'undecryptable')
    }
  }

  /** By the keys of the issuer, and by no other: what the header says of its own key is never read. */
  async #checkSignature(jwt: UnverifiedJwt): Promise<void> {
    const { rules, keys, clock } = this.#parts
    const { typ } = jwt.header
    if (typeof typ !== 'string' || joseType(typ) !== SIGNED_ANSWER) throw new Trouble('malformed')
    try {
      const hint = checkJwsHeader(jwt.header, [rules.algorithm])
      const request: KeyRequest = { ...hint, arrivedAt: clock.monotonic() }
      const tried = await keys.find(request)
      if (await this.#isSigned(jwt, tried)) return
      // The issuer may have renewed a key without giving it another name.
      const newer = (await keys.reconsider(request))?.filter((key) => !tried.includes(key)) ?? []
      if (await this.#isSigned(jwt, newer)) return
    } catch (error) {
      throw troubleOf(error, 'signature')
    }
    throw new Trouble('signature')
  }

  async #isSigned(jwt: UnverifiedJwt, keys: readonly VerificationKey[]): Promise<boolean> {
    for (const key of keys) {
      const signed = await signedBy(jwt, key, this.#parts.signatures)
      if (signed === undefined) throw new Trouble('overloaded')
      if (signed && !key.retired) return true
    }
    return false
  }

  /** Of the claims around it only these count: `sub` and `exp` there would be about the JWT (§5), and it has its own age. */
  #contentOf(claims: Claims): JsonObject {
    const { rules, clock } = this.#parts
    const { iss, aud, iat, token_introspection: content } = claims
    if (wrongType({ iss, aud, iat }) !== undefined || !isJsonObject(content)) throw new Trouble('malformed')
    if (iss !== rules.issuer || !audienceOf(claims).some((one) => rules.audience.includes(one)))
      throw new Trouble('foreign')
    const age = clock.wall() / 1_000 - ((iat as number | undefined) ?? -Infinity)
    if (age > rules.maxAge || age < -rules.skew) throw new Trouble('outdated')
    return content
  }
}

/** A refusal by one of the stages that read tokens, told as trouble: what nobody can tell now, and what is wrong. */
function troubleOf(error: unknown, kind: 'undecryptable' | 'signature'): unknown {
  if (!(error instanceof AuthError)) return error
  const { retryAfter = 0 } = AuthError.detailsOf(error)
  if (error.reason === 'keys_unavailable')
    return new Trouble('keys_unavailable', { cause: error, pause: retryAfter * 1_000 })
  return new Trouble(error.reason === 'overloaded' ? 'overloaded' : kind, { cause: error })
}
