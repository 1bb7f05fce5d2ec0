import { hash, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { bind, type Binding, type BindingRules, bindNow } from '../../src/bind/bind.ts'
import { digestOf } from '../../src/cache/digest.ts'
import { Tally } from '../../src/counters.ts'
import { AuthError } from '../../src/errors.ts'
import { checked, type Signatures } from '../../src/ports/signatures.ts'
import type { JsonObject } from '../../src/syntax/json.ts'
import { certificate } from '../support/certificate.ts'
import { DpopBench } from '../support/dpop-bench.ts'
import { pairFor } from '../support/jwt.ts'
import { jkt, type ProofChanges, TOKEN } from '../support/proofs.ts'
import { errorOf, reasonOf } from '../support/refusals.ts'
import { presented, verifiedToken } from '../support/tokens.ts'

const client = new X509Certificate((await certificate('client')).cert)
const other = new X509Certificate((await certificate('other')).cert)
const x5tS256 = hash('sha256', client.raw, 'base64url')

const KEY = { jkt }
const CERTIFICATE = { 'x5t#S256': x5tS256 }
const BOTH = { ...KEY, ...CERTIFICATE }
const mtls = { isRequired: false, field: undefined }
const keysRequired = { dpop: new DpopBench({ isRequired: true }).dpop }
const certificatesRequired = { mtls: { ...mtls, isRequired: true } }
const stranger = { key: pairFor('ES256', 'another').privateKey }

interface Attempt {
  /** What the token is bound to. */
  readonly cnf?: JsonObject
  /** What is other about the proof that comes with it; without this, none comes. */
  readonly proof?: ProofChanges
  /** The certificate of the client. */
  readonly shown?: X509Certificate
  readonly rules?: Partial<BindingRules>
}

type Judge = typeof bind | typeof bindNow

/** What a request proves of its token, with both kinds of binding switched on unless told otherwise. */
function attempt(judge: Judge, { cnf, proof, shown, rules }: Attempt, bench = new DpopBench()): ReturnType<Judge> {
  const token = verifiedToken({ cnf }, bench.clock, { issuer: 'https://other.example', tally: new Tally('jwt') })
  const its = { ...presented(TOKEN, bench.clock), proof: proof && bench.read(proof) }
  const request = { rawHeaders: [], socket: { getPeerX509Certificate: () => shown, once: () => undefined } }
  return judge(token, its, request, { dpop: bench.dpop, mtls, required: false, ...rules })
}

describe.each([
  ['at once', bindNow],
  ['waiting', bind],
] as const)('a token that is judged %s', (_, judge) => {
  test.each<[string, Attempt, Binding]>([
    ['nothing', {}, { by: 'none' }],
    ['nothing, whatever the client shows', { shown: client }, { by: 'none' }],
    ['a key', { cnf: KEY, proof: {} }, { by: 'dpop', jkt }],
    ['a key, with certificates off', { cnf: KEY, proof: {}, rules: { mtls: undefined } }, { by: 'dpop', jkt }],
    ['a key, whatever the client shows', { cnf: KEY, proof: {}, shown: client }, { by: 'dpop', jkt }],
    ['a certificate', { cnf: CERTIFICATE, shown: client }, { by: 'mtls', x5tS256 }],
    [
      'a certificate, with keys off',
      { cnf: CERTIFICATE, shown: client, rules: { dpop: undefined } },
      { by: 'mtls', x5tS256 },
    ],
    ['both', { cnf: BOTH, proof: {}, shown: client }, { by: 'dpop', jkt, x5tS256 }],
    ['a key among other things', { cnf: { ...KEY, kid: '1' }, proof: {} }, { by: 'dpop', jkt }],
  ])('is bound to %s', async (_name, its, binding) => {
    expect(await attempt(judge, its)).toStrictEqual(binding)
  })

  test('uses up the proof of its key', async () => {
    const bench = new DpopBench()
    await attempt(judge, { cnf: KEY, proof: {} }, bench)
    expect(bench.remembered).toBe(1)
    expect(await reasonOf(() => attempt(judge, { cnf: KEY, proof: {} }, bench))).toBe('proof_replayed')
  })

  test('uses up no proof where the certificate beside is another', async () => {
    const bench = new DpopBench()
    const its = { cnf: BOTH, proof: {} }
    expect(await reasonOf(() => attempt(judge, { ...its, shown: other }, bench))).toBe('binding_mismatch')
    expect(bench.remembered).toBe(0)
    expect(await attempt(judge, { ...its, shown: client }, bench)).toEqual({ by: 'dpop', jkt, x5tS256 })
  })

  test.each<[string, Attempt, string, string?]>([
    ['nothing, with a proof', { proof: {} }, 'binding_absent'],
    ['nothing, where a binding is required', { rules: { required: true } }, 'binding_absent'],
    ['a key, without a proof', { cnf: KEY }, 'binding_unproven'],
    ['both, without a proof', { cnf: BOTH, shown: client }, 'binding_unproven'],
    ['a certificate, with a proof', { cnf: CERTIFICATE, proof: {}, shown: client }, 'binding_absent'],
    ['a key, with the proof of a stranger', { cnf: KEY, proof: stranger }, 'proof_signature_invalid'],
    ['another key', { cnf: { jkt: digestOf('another') }, proof: {} }, 'binding_mismatch'],
    ['a list of keys', { cnf: { jkt: [jkt] }, proof: {} }, 'binding_unsupported'],
    ['what is the thumbprint of no key', { cnf: { jkt: `${jkt}=` }, proof: {} }, 'binding_unsupported'],
    ['another certificate', { cnf: CERTIFICATE, shown: other }, 'binding_mismatch'],
    [
      'both, without a certificate',
      { cnf: BOTH, proof: {} },
      'certificate_missing',
      'the connection shows no client certificate',
    ],
    [
      'a key, where certificates are required',
      { cnf: KEY, proof: {}, shown: client, rules: certificatesRequired },
      'binding_absent',
    ],
    [
      'a certificate, where keys are required',
      { cnf: CERTIFICATE, shown: client, rules: keysRequired },
      'binding_absent',
    ],
    [
      'a key, with keys off',
      { cnf: KEY, rules: { dpop: undefined } },
      'binding_unsupported',
      'bound to a DPoP key, and "dpop" is off',
    ],
    [
      'a certificate, with certificates off',
      { cnf: CERTIFICATE, shown: client, rules: { mtls: undefined } },
      'binding_unsupported',
      'bound to a certificate, and "mtls" is off',
    ],
    [
      'both, with certificates off',
      { cnf: BOTH, proof: {}, shown: client, rules: { mtls: undefined } },
      'binding_unsupported',
      'bound to a certificate, and "mtls" is off',
    ],
  ])('is refused, and its issuer and kind are named: bound to %s', async (_name, its, reason, detail) => {
    const refusal = await errorOf(() => attempt(judge, its))
    expect(refusal.reason).toBe(reason)
    expect(AuthError.detailsOf(refusal)).toEqual({ detail, issuer: 'https://other.example', kind: 'jwt' })
  })
})

test('a binding that takes waiting is none yet, and uses up nothing before', async () => {
  const signatures: Signatures = { now: () => undefined, later: async (check) => checked(check) }
  const bench = new DpopBench({ signatures })
  const its = { cnf: KEY, proof: {} }
  expect([attempt(bindNow, its, bench), bench.remembered]).toEqual([undefined, 0])
  expect(await attempt(bind, its, bench)).toEqual({ by: 'dpop', jkt })
  expect(bench.remembered).toBe(1)
})
