import { randomBytes } from 'node:crypto'
import type { IssuerOptions, ResourceServer } from '@holdfast/core'
import { prometheus } from '@holdfast/prometheus'
import { Registry } from 'prom-client'
import type { Subject } from '../../measure.ts'
import { type Authority, INTROSPECTING, isAccepted } from './authority.ts'
import { sha256 } from './hash.ts'
import { accepting } from './peers.ts'
import { type Sent, sending } from './request.ts'
import { ALGORITHMS, mint, rawVerification } from './tokens.ts'
import type { RowMaker } from './row-maker.ts'

/** The same token again and again, which is in the cache. */
async function hot(name: string, server: ResourceServer, sent: Sent): Promise<Subject> {
  await server.authenticate(sent.request(0))
  const run = (index: number): unknown => server.tryAuthenticate(sent.request(index))
  return { name, run, from: sent.request, expect: isAccepted('cache') }
}

const signed = ALGORITHMS.map((alg): RowMaker => ({
  name: `hot ${alg}`,
  async make(authority) {
    const key = authority.key(alg)
    const token = mint(key)
    const sent = sending([token])
    const holdfast = await hot('holdfast', await authority.resourceServer(), sent)
    const raw = { name: 'raw', run: rawVerification([token], key) }
    const peers = accepting(key, authority, sent)
    return { baseline: 'sha256', subjects: [holdfast, sha256(sent), raw, ...peers] }
  },
}))

/** As long as most servers make them: 256 bits. */
const opaqueToken = (): string => randomBytes(32).toString('base64url')

const opaque: RowMaker = {
  name: 'hot opaque',
  async make(authority) {
    const sent = sending([opaqueToken()])
    const server = await authority.resourceServer({}, INTROSPECTING)
    const holdfast = await hot('holdfast', server, sent)
    // None of them takes an opaque token: beside it stands what they take for a JWT.
    const key = authority.key('RS256')
    const peers = accepting(key, authority, sending([mint(key)]))
    const compared = peers.filter(({ name }) => ['fast-jwt cached', 'express-oauth2-jwt-bearer'].includes(name))
    return { baseline: 'sha256', subjects: [holdfast, sha256(sent), ...compared] }
  },
}

const observed: RowMaker = {
  name: 'hot RS256, observed',
  async make(authority) {
    const sent = sending([mint(authority.key('RS256'))])
    let events = 0
    const observe = (): void => void (events += 1)
    const subjects = [
      await hot('holdfast', await authority.resourceServer({ observe }), sent),
      await hot('not observed', await authority.resourceServer(), sent),
      sha256(sent),
    ]
    return { baseline: 'not observed', subjects }
  },
}

/** The same token for a server whose metrics are collected, and for one that is not observed. */
const counted = (what: string, issuer: Partial<IssuerOptions>, token: (authority: Authority) => string): RowMaker => ({
  name: `metrics, ${what}`,
  async make(authority) {
    const sent = sending([token(authority)])
    const observe = prometheus(new Registry())
    const subjects = [
      await hot('holdfast', await authority.resourceServer({ observe }, issuer), sent),
      await hot('no metrics', await authority.resourceServer({}, issuer), sent),
      sha256(sent),
    ]
    return { patience: 8, baseline: 'sha256', subjects }
  },
})

const metrics = [
  counted('RS256', {}, (authority) => mint(authority.key('RS256'))),
  counted('opaque', INTROSPECTING, opaqueToken),
]

export const hotRows: readonly RowMaker[] = [...signed, opaque, observed, ...metrics]
