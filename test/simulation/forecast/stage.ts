import { AuthError, clientSecretBasic, fresh, type IssuerOptions, type ResourceServer } from '@holdfast/core'
import { EPOCH } from '../engine/scheduler.ts'
import { holdfast, type HoldfastOptions } from '../policies/holdfast.ts'
import { always } from '../world/faults.ts'
import { bearer, World } from '../world/world.ts'
import type { PlannedRequest, PlannedToken } from './plan.ts'

export type Outcome = 'accepted' | 'unavailable' | 'refused'

export const ISSUER = 'https://as.example'

export interface StageOptions extends Pick<HoldfastOptions, 'resilience' | 'cache'> {
  readonly mode?: 'offline' | 'online' | 'onlineWhenHealthy'
}

/** A world in which a plan is played. */
export class Stage {
  readonly world: World
  readonly server: ResourceServer
  readonly #texts = new Map<PlannedToken, string>()

  constructor(seed: number, { mode = 'offline', ...options }: StageOptions = {}) {
    const issuers = (issuer: string): readonly IssuerOptions[] => [
      {
        issuer,
        jwt: { mode, algorithms: ['EdDSA'] },
        introspection: { client: clientSecretBasic('api', 'secret') },
      },
    ]
    this.world = new World({ seed, policy: holdfast({ ...options, issuers }), capacity: 5_000 })
    this.server = this.world.replicas[0]!.contender.server!
  }

  /** Has these requests come in when their time is. What becomes of each is written to the list that is returned. */
  play(requests: readonly PlannedRequest[], later = 0): readonly { outcome: Outcome | undefined }[] {
    return requests.map((request) => {
      const result: { outcome: Outcome | undefined } = { outcome: undefined }
      this.world.scheduler.at(request.at + later, () => this.#send(request, result))
      return result
    })
  }

  /** One now. */
  send(request: PlannedRequest): { outcome: Outcome | undefined } {
    const result: { outcome: Outcome | undefined } = { outcome: undefined }
    this.#send(request, result)
    return result
  }

  /** From now on nothing of the authorization server answers. */
  kill(): void {
    const { weather } = this.world.server
    weather.introspection = weather.keys = weather.metadata = always({ is: 'silent' })
    this.world.server.dropQueue()
  }

  #send(request: PlannedRequest, result: { outcome: Outcome | undefined }): void {
    const incoming = bearer(this.#textOf(request.token), '10.0.0.1')
    const guards = request.demanding ? [fresh('5s')] : []
    const accepted = (): void => void (result.outcome = 'accepted')
    const failed = (error: unknown): void => {
      if (!(error instanceof AuthError)) return this.world.scheduler.fail(error as Error)
      result.outcome = error.code === 'unavailable' ? 'unavailable' : 'refused'
    }
    const authenticated = async (): Promise<void> => {
      const tried = this.server.tryAuthenticate(incoming)
      if (tried instanceof AuthError) throw tried
      const auth = tried ?? (await this.server.authenticate(incoming))
      await this.server.authorize(auth, ...guards)
    }
    authenticated().then(accepted, failed)
  }

  #textOf(token: PlannedToken): string {
    const known = this.#texts.get(token)
    if (known !== undefined) return known
    const { subject, issuedAt, life, kind } = token
    const claims = {
      sub: subject,
      jti: `${subject} ${issuedAt}`,
      iat: seconds(issuedAt),
      exp: seconds(issuedAt + life),
    }
    const text = kind === 'jwt' ? { text: this.world.server.keys.jwt(claims) } : {}
    const issued = this.world.tokens.issue({ subject, life, issuedAt, ...text })
    this.#texts.set(token, issued.text)
    return issued.text
  }
}

/** As claims say it. */
const seconds = (moment: number): number => Math.floor((EPOCH + moment) / 1_000)
