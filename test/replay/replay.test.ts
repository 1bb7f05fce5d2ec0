import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { AuthError, createResourceServer, inlineSignatures, type Signatures } from '@holdfast/core'
import { testAuthorizationServer } from '@holdfast/testing'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { describeWith } from '../machine.ts'
import { bundle } from '../outage-proof/bundle.ts'
import type { Flood, Outcomes } from './child.ts'
import { redisReplays } from './redis-replays.ts'
import { redisServer } from './redis-server.ts'

const AUDIENCE = 'https://api.example.com'
const TIMES = 10_000

describe('10,000 concurrent replays of one proof', () => {
  test.each(['jwt', 'opaque'] as const)('are accepted once in one process: %s', async (kind) => {
    const as = await testAuthorizationServer({ audience: AUDIENCE })
    const server = createResourceServer(as.options())
    onTestFinished(() => server.close())
    const client = as.dpopClient()
    const token = as[kind](client.bound())
    const request = { method: 'GET', url: '/', rawHeaders: client.fields({ url: `${AUDIENCE}/`, token }) }
    const outcomes = await Promise.all(
      Array.from({ length: TIMES }, () =>
        server.authenticate(request).then(
          () => 'accepted',
          (error: unknown) => (error as AuthError).reason,
        ),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1)
    // What finds the thread pool full is not judged, and nothing is said about its proof.
    const others = new Set(outcomes.filter((outcome) => outcome !== 'accepted'))
    for (const other of others) expect(['proof_replayed', 'overloaded']).toContain(other)
    const again = server.tryAuthenticate(request)
    expect(again instanceof AuthError && again.reason).toBe('proof_replayed')
    expect(server.status().caches.proofs).toEqual({ entries: 1, limit: 100_000 })
  })
})

describe('a request with a proof that takes waiting', () => {
  test('has used nothing up when it was only tried, whatever else is tried meanwhile', async () => {
    const as = await testAuthorizationServer({ audience: AUDIENCE })
    const busy: Signatures = { now: () => undefined, later: (check) => inlineSignatures.later(check) }
    const server = createResourceServer(as.options({ ports: { signatures: busy } }))
    onTestFinished(() => server.close())
    const client = as.dpopClient()
    const token = as.opaque(client.bound())
    const request = () => ({ method: 'GET', url: '/', rawHeaders: client.fields({ url: `${AUDIENCE}/`, token }) })
    const [one, other] = [request(), request()]
    await server.authenticate(request()) // from now on the token is known
    expect([one, other, one].map((each) => server.tryAuthenticate(each))).toEqual([undefined, undefined, undefined])
    const binding = { by: 'dpop', jkt: client.jkt }
    expect(await server.authenticate(one)).toMatchObject({ binding })
    expect(await server.authenticate(other)).toMatchObject({ binding })
    await expect(server.authenticate(one)).rejects.toMatchObject({ reason: 'proof_replayed' })
  })

  test('is judged by the proof that it has when it waits', async () => {
    const as = await testAuthorizationServer({ audience: AUDIENCE })
    const server = createResourceServer(as.options())
    onTestFinished(() => server.close())
    const client = as.dpopClient()
    const token = as.jwt(client.bound())
    const good = client.fields({ url: `${AUDIENCE}/`, token })
    const request = { method: 'GET', url: '/', rawHeaders: good }
    expect(server.tryAuthenticate(request)).toBeUndefined() // the keys are not there yet
    request.rawHeaders = client.fields({ url: `${AUDIENCE}/other`, token })
    await expect(server.authenticate(request)).rejects.toMatchObject({ reason: 'proof_other_request' })
    request.rawHeaders = good
    expect(await server.authenticate(request)).toMatchObject({ binding: { by: 'dpop' } })
  })
})

describeWith(['redis-server'], 'with a memory that processes share', ({ 'redis-server': path }) => {
  let program: string
  beforeAll(async () => {
    const built = mkdtempSync(join(tmpdir(), 'holdfast-'))
    await bundle(fileURLToPath(new URL('child.ts', import.meta.url)), built)
    program = join(built, 'child.mjs')
    return () => rmSync(built, { recursive: true, force: true })
  }, 60_000)

  test('10,000 replays in two processes are accepted once', { timeout: 60_000 }, async () => {
    const redis = await redisServer(path)
    onTestFinished(() => redis.stop())
    const as = await testAuthorizationServer({ audience: AUDIENCE, listen: true })
    onTestFinished(() => as.close())
    const client = as.dpopClient()
    for (const token of [as.jwt(client.bound()), as.opaque(client.bound())]) {
      const fields = client.fields({ url: `${AUDIENCE}/`, token })
      const where = { issuer: as.issuer, audience: AUDIENCE, client: as.client, redis: redis.port }
      const flood: Flood = { ...where, fields, times: TIMES / 2 }
      const outcomes = await floods([flood, flood])
      const accepted = outcomes.map((one) => one['accepted'] ?? 0)
      expect(accepted.reduce((sum, one) => sum + one)).toBe(1)
      for (const one of outcomes) {
        expect(Object.values(one).reduce((sum, count) => sum + count)).toBe(TIMES / 2)
        expect(one['proof_replayed']).toBeGreaterThan(1_000)
      }
    }
  })

  test('a memory that is gone is 503, and none of its proofs comes back', { timeout: 60_000 }, async () => {
    const redis = await redisServer(path)
    onTestFinished(() => redis.stop())
    const memory = await redisReplays(redis.port)
    onTestFinished(() => memory.close())
    const as = await testAuthorizationServer({ audience: AUDIENCE, listen: true })
    onTestFinished(() => as.close())
    const server = createResourceServer({ ...as.options(), dpop: { replay: { memory } } })
    onTestFinished(() => server.close())
    const client = as.dpopClient()
    const token = as.jwt(client.bound())
    const asked = async (fields: readonly string[]): Promise<string> =>
      server.authenticate({ method: 'GET', url: '/', rawHeaders: fields }).then(
        () => 'accepted',
        (error: unknown) => `${(error as AuthError).status} ${(error as AuthError).reason}`,
      )
    const fields = client.fields({ url: `${AUDIENCE}/`, token })
    expect([await asked(fields), await asked(fields)]).toEqual(['accepted', '401 proof_replayed'])
    await redis.stop()
    const unknown = '503 replay_memory_unavailable'
    expect([await asked(fields), await asked(client.fields({ url: `${AUDIENCE}/`, token }))]).toEqual([
      unknown,
      unknown,
    ])
  })

  /** Starts a process for each, has all begin at once, and says how they ended. */
  async function floods(all: readonly Flood[]): Promise<readonly Outcomes[]> {
    const children = all.map((): ChildProcess => {
      const child = fork(program, { stdio: 'inherit', execArgv: [] })
      onTestFinished(() => void child.kill('SIGKILL'))
      return child
    })
    const ready = children.map((child) => once(child, 'message'))
    for (const [at, child] of children.entries()) child.send(all[at]!)
    await Promise.all(ready)
    const ended = children.map((child) => once(child, 'message'))
    for (const child of children) child.send('now')
    return (await Promise.all(ended)).map(([outcomes]) => outcomes as Outcomes)
  }
})
