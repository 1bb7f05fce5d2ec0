import type { ClientAuthentication } from '../introspection/client-authentication.ts'
import { SignedAnswers } from '../introspection/signed-answer.ts'
import type { KeySource } from '../keys/key-source.ts'
import type { IssuerSettings, Settings, SignedAnswerSettings } from '../options/settings.ts'
import type { Algorithm } from '../verify/algorithms.ts'
import { Decryptor } from '../verify/decryption.ts'

/** What keys are fetched for, and from where. */
export interface KeyTerms {
  readonly algorithms: readonly Algorithm[]
  /** `undefined`: where the metadata says. */
  readonly jwksUri: string | undefined
}

/**
 * The keys that are fetched of an issuer; `undefined` where none are. One set serves its tokens and its signed answers: a
 * key is bound to one algorithm, and each of both names those that it takes.
 */
export function keyTermsOf({ jwt, introspection }: IssuerSettings): KeyTerms | undefined {
  const signed = introspection?.signed
  if (jwt?.pinned || (!jwt && !signed)) return undefined
  const algorithms = [...(jwt?.algorithms ?? []), ...(signed ? [signed.algorithm] : [])]
  return { algorithms: Object.freeze([...new Set(algorithms)]), jwksUri: jwt?.jwksUri }
}

export interface SignedAnswersWiring {
  readonly issuer: IssuerSettings
  readonly settings: Settings
  readonly client: ClientAuthentication
  readonly signed: SignedAnswerSettings
  readonly keys: KeySource
}

export function signedAnswersOf({ issuer, settings, client, signed, keys }: SignedAnswersWiring): SignedAnswers {
  const { clock, signatures } = settings.ports
  const us = [client.clientId ?? [], issuer.audience, settings.resources].flat()
  return new SignedAnswers({
    rules: {
      issuer: issuer.issuer,
      audience: signed.audience ?? us,
      algorithm: signed.algorithm,
      maxAge: signed.maxAgeSeconds,
      skew: settings.skewSeconds,
    },
    keys,
    signatures,
    clock,
    decryptor: signed.decryption && new Decryptor(signed.decryption, issuer.issuer),
  })
}
