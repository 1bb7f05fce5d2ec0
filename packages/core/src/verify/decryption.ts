import type { KeyObject } from 'node:crypto'
import { compactDecrypt } from 'jose'
import { revocationKeyOf } from '../cache/digest.ts'
import { refused } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../syntax/json.ts'
import { parseJwe, type UnopenedJwe } from '../syntax/jwe.ts'
import { parseJws, type UnverifiedJwt } from '../syntax/jws.ts'
import { joseType } from '../syntax/media-type.ts'
import { CONTENT_ENCRYPTION, type ContentEncryption, KEY_MANAGEMENT, type KeyManagement } from './encryption.ts'

/** A private key bound to exactly one algorithm. */
export interface DecryptionKey {
  readonly kid: string | undefined
  readonly algorithm: KeyManagement
  /** The curve, as a JWK names it. */
  readonly crv: string | undefined
  /** Octets of an RSA modulus. */
  readonly modulus: number | undefined
  readonly material: KeyObject
}

/** What encrypted tokens of one issuer may look like. */
export interface DecryptionRules {
  readonly keys: readonly DecryptionKey[]
  readonly encodings: readonly ContentEncryption[]
  /** Whether a token that is only signed is refused. */
  readonly required: boolean
}

/** The signed token inside an encrypted one. Nothing in it is trusted yet: whoever has our public key can encrypt. */
export interface OpenedJwt extends UnverifiedJwt {
  /** What the signed token is revoked by, whatever it is wrapped into. */
  readonly revocationKey: string
}

/** Decryptions under way in this process, which anybody with our public key can ask for; beyond it the answer is 503. */
const MAX_IN_FLIGHT = 64
let inFlight = 0

/** The `typ` values of an encrypted access token; inside, the profile decides. */
const TYPES = ['application/jwt', 'application/at+jwt']
/** Claims that a header may repeat (RFC 7519 §5.3). */
const REPLICATED = ['iss', 'sub', 'aud'] as const

/** Opens what one issuer encrypts for us (RFC 7516, RFC 7519 §5.2). What comes out still has to be verified. */
export class Decryptor {
  readonly #rules: DecryptionRules
  readonly #issuer: string
  /** By digest: shared by all who brought the same token. */
  readonly #running = new Map<string, Promise<OpenedJwt>>()

  constructor(rules: DecryptionRules, issuer: string) {
    this.#rules = rules
    this.#issuer = issuer
  }

  get required(): boolean {
    return this.#rules.required
  }

  /** Whether a key here is the one that a JWE header means. */
  takes({ kid }: JsonObject): boolean {
    return this.#keyFor(kid) !== undefined
  }

  /**
   * The signed token inside. All that a header can get wrong is found before a private key is touched.
   *
   * @throws {AuthError} `token_malformed`, `critical_unsupported`, `decryption_failed`, `claims_malformed`, `overloaded`.
   */
  open(token: string, digest: string): Promise<OpenedJwt> {
    const running = this.#running.get(digest)
    if (running) return running
    const opened = this.#open(token).finally(() => this.#running.delete(digest))
    this.#running.set(digest, opened)
    return opened
  }

  async #open(token: string): Promise<OpenedJwt> {
    const { jwt, inner } = await this.nested(token, nestsToken)
    return { ...jwt, revocationKey: revocationKeyOf(inner) }
  }

  /** The signed JWT inside any encrypted one, and its text. @param fits Whether the header announces it. */
  async nested(
    token: string,
    fits: (header: JsonObject) => boolean = nests,
  ): Promise<{ readonly jwt: UnverifiedJwt; readonly inner: string }> {
    const issuer = this.#issuer
    const { header, inner } = await this.decrypt(token, fits)
    const jwt = parseJws(inner)
    if (!jwt) throw refused('token_malformed', { issuer, detail: 'what is encrypted is no signed JWT' })
    const other = REPLICATED.find((name) => differs(header[name], jwt.claims[name]))
    if (other !== undefined)
      throw refused('claims_malformed', { issuer, unverified: true, detail: `"${other}" of the header differs` })
    return { jwt, inner }
  }

  /**
   * What is inside a JWE, one character for each octet.
   *
   * @param fits Whether the header announces what may be inside.
   */
  async decrypt(
    token: string,
    fits: (header: JsonObject) => boolean,
  ): Promise<{ readonly header: JsonObject; readonly inner: string }> {
    const jwe = parseJwe(token)
    if (!jwe) throw refused('token_malformed', { issuer: this.#issuer })
    const key = this.#check(jwe, fits)
    return { header: jwe.header, inner: await this.#decrypt(token, jwe, key) }
  }

  #check({ header, ...sizes }: UnopenedJwe, fits: (header: JsonObject) => boolean): DecryptionKey {
    const { alg, enc, kid } = header
    const issuer = this.#issuer
    const fail = (detail: string): never => {
      throw refused('decryption_failed', { issuer, detail })
    }
    if (Object.hasOwn(header, 'crit')) throw refused('critical_unsupported', { issuer })
    if (!fits(header)) throw refused('token_malformed', { issuer })
    // Inflating would make of a small token one of any size (JWT BCP §3.15).
    if (Object.hasOwn(header, 'zip')) return fail('"zip"')
    const encoding = this.#rules.encodings.find((one) => one === enc)
    if (encoding === undefined) return fail('"enc"')
    const key = this.#keyFor(kid)
    if (!key) return fail('"kid"')
    if (alg !== key.algorithm) return fail('"alg"')
    const { iv, tag } = CONTENT_ENCRYPTION[encoding]
    if (sizes.iv !== iv || sizes.tag !== tag || sizes.encryptedKey !== wrappedLength(key, encoding)) return fail('size')
    const { epk } = header
    if (key.crv !== undefined && !(isJsonObject(epk) && epk['crv'] === key.crv)) return fail('"epk"')
    return key
  }

  async #decrypt(token: string, { header }: UnopenedJwe, { algorithm, material }: DecryptionKey): Promise<string> {
    const issuer = this.#issuer
    if (inFlight >= MAX_IN_FLIGHT) throw refused('overloaded', { retryAfter: 1, issuer })
    inFlight += 1
    try {
      const { plaintext } = await compactDecrypt(token, material, {
        keyManagementAlgorithms: [algorithm],
        contentEncryptionAlgorithms: [header['enc'] as string],
        maxDecompressedLength: 0,
      })
      return Buffer.from(plaintext).toString('latin1')
    } catch (cause) {
      // One answer for every way to fail: a difference would help to guess what is inside.
      throw refused('decryption_failed', { issuer, cause })
    } finally {
      inFlight -= 1
    }
  }

  #keyFor(kid: unknown): DecryptionKey | undefined {
    const { keys } = this.#rules
    const named = typeof kid === 'string' ? keys.find((key) => key.kid === kid) : undefined
    // A single key leaves no doubt, unless it has another name.
    const only = keys.length === 1 && (kid === undefined || keys[0]!.kid === undefined) ? keys[0] : undefined
    return named ?? (kid === undefined || typeof kid === 'string' ? only : undefined)
  }
}

/** A signed JWT and nothing else may be inside; without `cty` it would be bare claims (RFC 7519 §5.2). */
function nests({ cty }: JsonObject): boolean {
  return typeof cty === 'string' && joseType(cty) === 'application/jwt'
}

function nestsToken(header: JsonObject): boolean {
  const { typ } = header
  return nests(header) && (typ === undefined || (typeof typ === 'string' && TYPES.includes(joseType(typ))))
}

/** Octets of the encrypted key; nothing is spent on one of another size. */
function wrappedLength({ algorithm, modulus }: DecryptionKey, encoding: ContentEncryption): number {
  const { by, wrap } = KEY_MANAGEMENT[algorithm]
  if (by === 'rsa') return modulus!
  return wrap === undefined ? 0 : CONTENT_ENCRYPTION[encoding].key + wrap
}

/** Equal in every octet of their JSON, or not there. */
function differs(replicated: unknown, claim: unknown): boolean {
  return replicated !== undefined && JSON.stringify(replicated) !== JSON.stringify(claim)
}
