import type { Reason } from '@holdfast/core'
import type { DpopClient, DpopRequest, SigningAlgorithm } from '@holdfast/testing'
import { expect } from 'vitest'
import { type Challenge, parseChallenges } from './challenges.ts'
import type { Face } from './faces.ts'
import type { Reply } from './http.ts'
import { type Api, api, AUDIENCE, type Plan } from './world.ts'

/** What is different about a request with a proof. */
export interface Proving extends Partial<DpopRequest> {
  /** The request target. Default `/`. */
  readonly path?: string
  /** The method of the request, where the proof names another. */
  readonly sent?: string
  /** The value of the DPoP field instead of a proof that is made. */
  readonly proof?: string
  /** Default `DPoP`. */
  readonly scheme?: string
  /** Field lines beside the two. */
  readonly more?: readonly string[]
}

/** An API with a client that has a token bound to its key. */
export interface DpopApi extends Api {
  readonly client: DpopClient
  /** One that is bound to the client: a JWT. */
  readonly token: string
  /** A request with a token and a proof of its own, which is right but for what is said. */
  readonly prove: (proving?: Proving) => Promise<Reply>
  /** What such a request carries as its proof. */
  readonly proofFor: (proving?: Proving) => string
}

export async function dpopApi(face: Face, plan: Plan = {}, alg: SigningAlgorithm = 'ES256'): Promise<DpopApi> {
  const one = await api(face, plan)
  const client = one.as.dpopClient({ alg })
  const token = one.as.jwt(client.bound())
  const proofFor = ({ path = '/', url = AUDIENCE + path, ...proving }: Proving = {}): string =>
    proving.proof ?? client.proof({ token, ...proving, url })
  return {
    ...one,
    client,
    token,
    proofFor,
    prove: (proving = {}) => {
      const { path = '/', scheme = 'DPoP', more = [], method = 'GET', sent = method } = proving
      const credentials = ['Authorization', `${scheme} ${proving.token ?? token}`, 'DPoP', proofFor(proving), ...more]
      return one.send(sent, path, credentials)
    },
  }
}

/** Takes each, between two that are as they should be. */
export async function expectProved(one: DpopApi, requests: Readonly<Record<string, Proving>>): Promise<void> {
  for (const [name, proving] of Object.entries(requests))
    expect([name, (await one.prove(proving)).status]).toEqual([name, 200])
}

/** Refuses each with 401 for a reason, and takes what is as it should be. */
export async function expectUnproved(
  one: DpopApi,
  reason: Reason,
  requests: Readonly<Record<string, Proving>>,
): Promise<void> {
  const code = reason.startsWith('proof_')
    ? 'invalid_dpop_proof'
    : reason.startsWith('nonce_')
      ? 'use_dpop_nonce'
      : 'invalid_token'
  for (const [name, proving] of Object.entries(requests)) {
    const reply = await one.prove(proving)
    const seen = [name, reply.status, errorOf(reply, 'DPoP'), errorOf(reply, 'Bearer'), one.reasons().at(-1)]
    expect(seen).toEqual([name, 401, code, undefined, reason])
    expect(JSON.parse(reply.body || '{}')).toMatchObject({ error: code })
  }
}

/** The challenges of a reply, in order. */
export const challengesOf = (reply: Reply): readonly Challenge[] =>
  reply.lines('www-authenticate').flatMap(parseChallenges)

/** The error that the challenge of a scheme names. */
export function errorOf(reply: Reply, scheme: string): string | undefined {
  return challengesOf(reply).find((one) => one.scheme === scheme)?.values['error']
}
