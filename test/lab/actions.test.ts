// What a person can do in the laboratory beside the weather: keys, revocations, load.
import { beforeAll, describe, expect, test } from 'vitest'
import type { Frame, Outcomes, Sender, VariantName } from '../../examples/outage-lab/src/frame.ts'
import { type Lab, startLab } from '../../examples/outage-lab/src/lab.ts'
import { post, until, VARIANTS, wronglyRefused } from './world.ts'

let lab: Lab
const frames: Frame[] = []

beforeAll(async () => {
  lab = await startLab({ speed: 20, interval: 50, load: { rate: 20 } })
  lab.watch((frame) => frames.push(frame))
  return () => lab.close()
})

/** The frames from now until all that is asked for was seen in them. */
async function after(
  act: () => Promise<unknown>,
  shown: (since: readonly Frame[]) => boolean,
): Promise<readonly Frame[]> {
  const first = frames.length
  await act()
  return until(() => {
    const since = frames.slice(first)
    return shown(since) && since
  }, act.toString())
}

function outcomes(some: readonly Frame[], name: VariantName, sender: Sender): Outcomes {
  const of = some.map(({ variants }) => variants[name].outcomes[sender])
  const total = (what: keyof Outcomes): number => of.reduce((all, one) => all + one[what], 0)
  return {
    accepted: total('accepted'),
    refused: total('refused'),
    unavailable: total('unavailable'),
    failed: total('failed'),
  }
}

const notes = (some: readonly Frame[]): readonly string[] =>
  some.flatMap((frame) => frame.notes.map(({ text }) => text))

describe.sequential('actions', () => {
  test('keys are rotated: the new one is fetched when its first JWT comes', async () => {
    const since = await after(
      () => post(lab.url, '/action', { action: 'rotate-keys' }),
      (some) => VARIANTS.every((name) => outcomes(some, name, 'oneShotJwt').accepted > 0),
    )
    expect(notes(since)).toEqual(expect.arrayContaining(['Rotate keys', 'key set loaded (unknown_kid)']))
  })

  test('old keys are withdrawn: users take new JWTs, and nobody is refused', async () => {
    const since = await after(
      () => post(lab.url, '/action', { action: 'withdraw-old-keys' }),
      (some) => VARIANTS.every((name) => outcomes(some, name, 'jwt').accepted > 10),
    )
    for (const name of ['express', 'koa'] as const) expect(wronglyRefused(since, name), name).toBe(0)
  })

  test('a user is revoked at the server: the opaque token ends once evidence is asked for again', async () => {
    const since = await after(
      () => post(lab.url, '/action', { action: 'revoke-user' }),
      (some) => VARIANTS.every((name) => outcomes(some, name, 'revoked').refused > 0),
    )
    expect(notes(since)).toContain('Revoke a user at the server')
    // The JWT goes on: no server can take it back.
    const later = await after(
      () => Promise.resolve(),
      (some) => VARIANTS.every((name) => outcomes(some, name, 'revoked').accepted > 0),
    )
    for (const name of VARIANTS) expect(wronglyRefused(later, name), name).toBe(0)
  })

  test('a user is revoked everywhere: Holdfast refuses the JWT, too', async () => {
    const since = await after(
      () => post(lab.url, '/action', { action: 'revoke-user-everywhere' }),
      (some) => (some.at(-1)?.variants.express.refused['token_revoked'] ?? 0) > 0,
    )
    expect(since.flatMap(({ variants }) => Object.keys(variants.koa.refused))).toContain('token_revoked')
    expect(since.flatMap(({ variants }) => Object.keys(variants.ttl.refused))).not.toContain('token_revoked')
  })

  test('a drill says what would have been served, and only one goes on at a time', async () => {
    const since = await after(
      async () => {
        await post(lab.url, '/action', { action: 'drill' })
        await expect(post(lab.url, '/action', { action: 'drill' })).rejects.toThrow('a drill goes on')
      },
      (some) => notes(some).filter((note) => note.startsWith('drill: ')).length === 2,
    )
    expect(notes(since)).toContainEqual(
      expect.stringMatching(/^drill: without the server \d+ % would have been served: /),
    )
  })

  test('a flood of made-up tokens is refused, and the users are served', async () => {
    const since = await after(
      () => post(lab.url, '/load', { flood: 20 }),
      (some) => VARIANTS.every((name) => outcomes(some, name, 'madeUp').refused > 10),
    )
    for (const name of VARIANTS) {
      expect(outcomes(since, name, 'madeUp').accepted, name).toBe(0)
      expect(wronglyRefused(since, name), name).toBe(0)
    }
    expect(since.at(-1)!.load).toMatchObject({ rate: 20, flood: 20 })
  })
})
