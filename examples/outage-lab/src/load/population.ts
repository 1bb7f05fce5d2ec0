import type { AuthorizationServer, Login } from '../authorization-server/authorization-server.ts'
import type { TokenFormat } from '../authorization-server/configuration.ts'
import type { Load, Sender } from '../frame.ts'
import { type Chance, zipf } from './chance.ts'

/** A token, who sends it, and from which address. */
export interface Bearer {
  readonly token: string
  readonly sender: Sender
  readonly address: string
  /** Whether its user was revoked, perhaps while the request was under way. */
  readonly isRevoked: () => boolean
}

interface Kept {
  readonly token: string
  /** Milliseconds since 1970: from then on the user gets another one. */
  readonly until: number
}

interface User {
  readonly login: Login
  readonly address: string
  readonly tokens: Partial<Record<TokenFormat, Kept>>
  isRevoked: boolean
}

const USERS = 200
/** The second user sends about half as much as the first, the third a third: what is seen of sessions in the field. */
const ZIPF = 0.9
/** Seconds. */
const LIFETIME = { user: 3_600, oneShot: 120 } as const
const RENEWED_BEFORE_MS = 300_000

/** The users of the four APIs. Each has an opaque token and a JWT, and sends now the one and now the other. */
export class Population {
  readonly #server: AuthorizationServer
  readonly #chance: Chance
  readonly #rank: () => number
  #users: Promise<User>[] = []
  #logins = 0

  constructor(server: AuthorizationServer, chance: Chance) {
    this.#server = server
    this.#chance = chance
    this.#rank = zipf(USERS, ZIPF, chance)
    this.renew()
  }

  /** Everybody logs in anew, as somebody whom no API knows. */
  renew(): void {
    this.#users = Array.from({ length: USERS }, (_, rank) => this.#login(rank))
  }

  /** A token of a user, as the load has them mixed. */
  async good({ jwtShare, oneShotShare }: Load): Promise<Bearer> {
    // Every draw is made every time: what one dial decides does not change who comes next.
    const [rank, isJwt, isOneShot] = [this.#rank(), this.#chance() < jwtShare, this.#chance() < oneShotShare]
    const elsewhere = this.#addressIn('198.18')
    const user = await this.#users[rank]!
    const isRevoked = (): boolean => user.isRevoked
    const format = isJwt ? 'jwt' : 'opaque'
    if (!isOneShot || user.isRevoked) {
      const token = await this.#tokenOf(user, format)
      return { token, sender: user.isRevoked ? 'revoked' : format, address: user.address, isRevoked }
    }
    const token = await this.#server.mint(user.login, format, LIFETIME.oneShot)
    return { token, sender: isJwt ? 'oneShotJwt' : 'oneShotOpaque', address: elsewhere, isRevoked }
  }

  /** Revokes the user who sends most, at the authorization server; its subject. `undefined` when nobody is left. */
  async revoke(): Promise<string | undefined> {
    for (const one of this.#users) {
      const user = await one
      if (user.isRevoked) continue
      // What is sent from now on must be what the APIs may know.
      await Promise.all([this.#tokenOf(user, 'opaque'), this.#tokenOf(user, 'jwt')])
      user.isRevoked = true
      await this.#server.revoke(user.login)
      return user.login.subject
    }
    return undefined
  }

  /** Everybody takes a new JWT at the next use. */
  async forgetJwts(): Promise<void> {
    for (const user of await Promise.all(this.#users)) delete user.tokens.jwt
  }

  async #login(rank: number): Promise<User> {
    this.#logins += 1
    const login = await this.#server.login(`user-${this.#logins}`)
    return { login, address: `198.19.0.${rank}`, tokens: {}, isRevoked: false }
  }

  async #tokenOf(user: User, format: TokenFormat): Promise<string> {
    const kept = user.tokens[format]
    // Nobody issues a revoked user another one.
    if (kept && (user.isRevoked || kept.until > Date.now())) return kept.token
    const token = await this.#server.mint(user.login, format, LIFETIME.user)
    user.tokens[format] = { token, until: Date.now() + LIFETIME.user * 1_000 - RENEWED_BEFORE_MS }
    return token
  }

  #addressIn(net: string): string {
    const host = Math.floor(this.#chance() * 65_536)
    return `${net}.${host >>> 8}.${host & 255}`
  }
}
