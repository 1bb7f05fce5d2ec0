import { expect } from 'vitest'
import { type DpopApi, dpopApi, errorOf, expectProved, expectUnproved } from '../dpop.ts'
import type { Face } from '../faces.ts'
import { verifies } from '../verifies.ts'
import { AUDIENCE, type Plan } from '../world.ts'

const asking = (face: Face, nonce: object | true = true, plan: Plan = {}): Promise<DpopApi> =>
  dpopApi(face, { ...plan, options: { dpop: { nonce } } })

const nonceFrom = async (one: DpopApi): Promise<string> => (await one.prove()).headers['dpop-nonce'] as string

/** A nonce with one character replaced. */
const changed = (nonce: string, at: number): string =>
  nonce.slice(0, at) + (nonce[at] === 'A' ? 'B' : 'A') + nonce.slice(at + 1)

verifies('DP-42', 'asks for no nonce by default, and takes a proof that has one', async (face) => {
  const one = await dpopApi(face)
  await expectProved(one, { without: {}, with: { nonce: 'of somebody' } })
  for (const reply of [await one.prove(), await one.prove({ proof: 'x' }), await one.get('/')])
    expect(reply.headers['dpop-nonce']).toBeUndefined()
})

verifies(['DP-43', 'DP-48', 'NG-75'], 'asks for a nonce, and takes no proof without one', async (face) => {
  const one = await asking(face)
  const token = one.as.opaque(one.client.bound())
  for (const proving of [{}, { token }]) {
    const reply = await one.prove(proving)
    expect([reply.status, errorOf(reply, 'DPoP'), errorOf(reply, 'Bearer'), reply.lines('dpop-nonce').length]).toEqual([
      401,
      'use_dpop_nonce',
      undefined,
      1,
    ])
    expect(JSON.parse(reply.body)).toEqual({
      error: 'use_dpop_nonce',
      error_description: 'The DPoP proof needs the nonce that comes with this answer',
    })
    await expectProved(one, { 'with it': { ...proving, nonce: reply.headers['dpop-nonce'] as string } })
    await expectUnproved(one, 'nonce_missing', { 'without it, again': proving })
  }
  expect((await one.get('/', one.as.jwt())).status).toBe(200)
})

verifies('DP-44', 'sends one nonce at most', async (face) => {
  const one = await asking(face, true, { before: (server) => [{ is: 'protect', server, options: { optional: true } }] })
  const refused = await one.prove()
  expect([refused.status, refused.lines('dpop-nonce').length]).toEqual([401, 1])
  const nonce = refused.headers['dpop-nonce'] as string
  one.as.clock.advance('200s')
  const taken = await one.prove({ nonce })
  expect([taken.status, taken.lines('dpop-nonce').length]).toEqual([200, 1])
})

verifies(['DP-45', 'DP-46'], 'makes nonces that nobody can guess, of the characters they may have', async (face) => {
  const one = await asking(face)
  const nonces: string[] = []
  for (let at = 0; at < 200; at += 1) nonces.push(await nonceFrom(one))
  expect(new Set(nonces).size).toBe(200)
  for (const nonce of nonces) expect(nonce).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/)
})

verifies(['DP-47', 'NG-75', 'LM-19'], 'takes a nonce as it was made, for five minutes', async (face) => {
  const one = await asking(face)
  const nonce = await nonceFrom(one)
  const unknown = Object.fromEntries(
    Array.from({ length: nonce.length }, (_, at) => [`character ${at}`, { nonce: changed(nonce, at) }]),
  )
  await expectUnproved(one, 'nonce_unknown', {
    ...unknown,
    empty: { nonce: '' },
    longer: { nonce: `${nonce}A` },
    shorter: { nonce: nonce.slice(1) },
    padded: { nonce: ` ${nonce}` },
    foreign: { nonce: 'ä' },
  })
  one.as.clock.advance('300s')
  await expectProved(one, { 'at the end of its time': { nonce } })
  one.as.clock.advance('1s')
  const late = await one.prove({ nonce })
  expect([errorOf(late, 'DPoP'), late.lines('dpop-nonce').length, one.reasons().at(-1)]).toEqual([
    'use_dpop_nonce',
    1,
    'nonce_unknown',
  ])
  const base = { issuer: 'https://as.test', audience: AUDIENCE }
  for (const wrong of [
    { lifetime: '9s' },
    { lifetime: '3601s' },
    { secrets: 'text' },
    { secrets: Buffer.alloc(31) },
    { secrets: [] },
    { secret: Buffer.alloc(32) },
    'required',
    1,
  ]) {
    expect(() => face.protect({ ...base, dpop: { nonce: wrong as never } }), JSON.stringify(wrong)).toThrow(
      /"dpop\.nonce/,
    )
  }
})

verifies(['DP-47', 'DP-51'], 'takes nonces of all that share its secret, and of nobody else', async (face) => {
  const [old, recent] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const [one, two, both, other] = [
    await asking(face, { secrets: old }),
    await asking(face, { secrets: recent }),
    await asking(face, { secrets: [recent, old] }),
    await asking(face),
  ]
  await expectProved(both, { old: { nonce: await nonceFrom(one) }, recent: { nonce: await nonceFrom(two) } })
  await expectProved(two, { 'made while both count': { nonce: await nonceFrom(both) } })
  await expectUnproved(one, 'nonce_unknown', {
    'made while both count': { nonce: await nonceFrom(both) },
    'by another secret': { nonce: await nonceFrom(two) },
    'of another server': { nonce: await nonceFrom(other) },
  })
  await expectUnproved(other, 'nonce_unknown', {
    'of another server': { nonce: await nonceFrom(one) },
    'of an authorization server': { nonce: 'eyJ7S_zG.eyJH0-Z.HX4w-7v' },
  })
})

verifies(
  ['DP-49', 'DP-50'],
  'hands out the next nonce with success once the old one ages, where no cache keeps it',
  async (face) => {
    const set = { 'cache-control': 'private' }
    const one = await asking(face, { lifetime: '100s' }, { before: () => [{ is: 'headers', headers: set }] })
    const refused = await one.prove()
    expect(refused.headers['cache-control']).toBe('no-store')
    const nonce = refused.headers['dpop-nonce'] as string
    one.as.clock.advance('50s')
    const early = await one.prove({ nonce })
    expect([early.status, early.headers['dpop-nonce'], early.headers['cache-control']]).toEqual([
      200,
      undefined,
      'private',
    ])
    one.as.clock.advance('1s')
    const late = await one.prove({ nonce })
    const next = late.headers['dpop-nonce'] as string
    expect([late.status, next === nonce, late.headers['cache-control']]).toEqual([200, false, 'no-store'])
    one.as.clock.advance('50s')
    await expectProved(one, { 'with the next': { nonce: next } })
    await expectUnproved(one, 'nonce_unknown', { 'with the old one': { nonce } })
  },
)

/** An `iat` of an hour ago. */
const off = ({ as }: DpopApi) => ({ iat: as.clock.wall() / 1_000 - 3_600 })

verifies('DP-52', 'lets a nonce stand in for iat only where that is written', async (face) => {
  const [usual, lenient] = [await asking(face), await asking(face, { replacesAge: true })]
  await expectUnproved(usual, 'proof_out_of_time', {
    'an hour off': { nonce: await nonceFrom(usual), claims: off(usual) },
  })
  const nonce = await nonceFrom(lenient)
  const proof = lenient.proofFor({ nonce, claims: off(lenient) })
  await expectProved(lenient, { 'an hour off': { proof } })
  lenient.as.clock.advance('250s')
  await expectUnproved(lenient, 'proof_replayed', { 'the same again': { proof } })
  lenient.as.clock.advance('60s')
  await expectUnproved(lenient, 'nonce_unknown', { 'when its nonce is old': { nonce, claims: off(lenient) } })
  // Whose clock is wrong gets a first nonce that way, too.
  await expectUnproved(lenient, 'nonce_missing', { 'without a nonce': { claims: off(lenient) } })
  await expectUnproved(lenient, 'nonce_unknown', {
    empty: { nonce: '' },
    short: { nonce: 'x' },
    foreign: { nonce: 'ä' },
    'of an authorization server': { nonce: 'eyJ7S_zG.eyJH0-Z.HX4w-7v' },
  })
})
