import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Duration } from '@holdfast/core'
import { type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { type ApiProcess, apiProcess } from './api-process.ts'
import { bundle } from './bundle.ts'
import type { Start } from './child.ts'

const AUDIENCE = 'https://api.example.com'
const LONG = { timeout: 60_000 }
const key = randomBytes(32).toString('base64')
let as: TestAuthorizationServer
let folder: string
let program: string

beforeAll(async () => {
  const built = mkdtempSync(join(tmpdir(), 'holdfast-'))
  await bundle(fileURLToPath(new URL('child.ts', import.meta.url)), built)
  program = join(built, 'child.mjs')
  return () => rmSync(built, { recursive: true, force: true })
}, 60_000)

beforeEach(async () => {
  as = await testAuthorizationServer({ audience: AUDIENCE, listen: true })
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-'))
  chmodSync(parent, 0o755)
  folder = join(parent, 'state')
  return async () => {
    await as.close()
    rmSync(parent, { recursive: true, force: true })
  }
})

async function started(shift: Duration = '0s', changes: Partial<Start> = {}): Promise<ApiProcess> {
  const api = await apiProcess(program)
  await api.call('start', { issuer: as.issuer, audience: AUDIENCE, client: as.client, folder, key, shift, ...changes })
  return api
}

/** Waits for a file that the other process writes when it comes to it. */
async function written(word: string): Promise<void> {
  while (
    !existsSync(folder) ||
    !readdirSync(folder).some((name) => name.startsWith(word) && name.endsWith('.sealed'))
  ) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const eventsOf = async (api: ApiProcess): Promise<{ type: string; operation?: string }[]> =>
  JSON.parse(await api.call('events')) as { type: string }[]

describe('a process killed in an outage', () => {
  test('serves known tokens, and has forgotten no revocation', LONG, async () => {
    const minted = { expiresIn: '1h' } as const
    const [jwt, revokedJwt, hers] = [as.jwt(minted), as.jwt(minted), as.jwt({ ...minted, sub: 'alice' })]
    const [opaque, revoked, inactive, forgotten] = [1, 2, 3, 4].map(() => as.opaque(minted)) as [
      string,
      string,
      string,
      string,
    ]
    const first = await started()
    for (const token of [jwt, revokedJwt, hers, opaque, revoked, inactive, forgotten]) {
      expect(await first.ask(token)).toMatchObject({ status: 200, stale: false })
    }
    await first.call('advance', '61s') // also the time at which the answers are written
    await written('answers')
    as.revoke(inactive)
    expect(await first.ask(inactive)).toMatchObject({ status: 401, reason: 'token_inactive' })
    for (const order of [{ token: revoked }, { token: revokedJwt }, { sub: 'alice' }]) {
      expect(await first.call('revoke', order)).toEqual({ scope: 'process', durable: true })
    }
    await written('forgotten')
    as.outage()
    await first.kill()

    const second = await started('3m')
    expect(await second.ask(jwt)).toMatchObject({ status: 200, stale: false })
    expect(await second.ask(as.jwt())).toMatchObject({ status: 200, stale: false })
    expect(await second.ask(opaque)).toMatchObject({ status: 200, stale: true })
    for (const token of [revoked, revokedJwt, hers]) {
      expect(await second.ask(token)).toMatchObject({ status: 401, reason: 'token_revoked' })
    }
    for (const token of [inactive, as.opaque()]) expect((await second.ask(token)).status).toBe(503)
    await second.kill()

    const third = await started('7m') // nothing makes an answer younger
    expect((await third.ask(opaque)).status).toBe(503)
    expect(await third.ask(jwt)).toMatchObject({ status: 200 })
    expect(await third.ask(revoked)).toMatchObject({ status: 401 })
  })

  test('has every revocation that it called durable, whenever it was killed', LONG, async () => {
    const tokens = Array.from({ length: 200 }, (_, index) => `token-${index}`)
    const durable = new Set<string>()
    for (const enough of [1, 7, 20]) {
      const api = await started()
      api.call('revokeAll', tokens.slice(durable.size)).catch(() => undefined) // it will be killed
      while (api.durable.length < enough) await new Promise((resolve) => setImmediate(resolve))
      await api.kill()
      for (const token of api.durable) durable.add(token)
    }
    const after = await started()
    for (const token of durable) expect(await after.ask(token)).toMatchObject({ status: 401, reason: 'token_revoked' })
    expect(durable.size).toBeGreaterThanOrEqual(28)
  })
})

const mine = (process: number): string[] => Array.from({ length: 40 }, (_, index) => `token-${process}-${index}`)

test('of two processes that revoke at once neither undoes what the other did', LONG, async () => {
  const apis = await Promise.all([started(), started()])
  await Promise.all(apis.map((api, process) => api.call('revokeAll', mine(process))))
  await Promise.all(apis.map((api) => api.call('close'))) // writes what a busy lock had kept back
  const after = await started()
  const answers = await Promise.all([...mine(0), ...mine(1)].map((token) => after.ask(token)))
  expect(answers.filter(({ reason }) => reason === 'token_revoked').length).toBe(80)
})

/** What an API process does with it, before and after it can write. */
async function lives(api: ApiProcess, mend: () => Promise<void>): Promise<void> {
  const [jwt, opaque, revoked] = [as.jwt(), as.opaque(), as.opaque()]
  for (const token of [jwt, opaque, revoked]) expect((await api.ask(token)).status).toBe(200)
  expect(await api.call('revoke', { token: revoked })).toEqual({ scope: 'process', durable: false })
  expect((await api.ask(revoked)).status).toBe(401)
  for (const token of [jwt, opaque]) expect((await api.ask(token)).status).toBe(200)
  const said = await eventsOf(api)
  expect(said).toContainEqual({ type: 'store_failed', operation: 'save' })
  expect(JSON.stringify(said)).not.toContain(folder)
  expect(JSON.stringify(said)).not.toContain(key)
  await mend()
  expect(await api.call('revoke', { sub: 'another' })).toEqual({ scope: 'process', durable: true })
  await api.call('close')
  const after = await started()
  expect(await after.ask(revoked)).toMatchObject({ status: 401, reason: 'token_revoked' })
}

describe('a file system that takes nothing', () => {
  test('a full disk', LONG, async () => {
    const api = await started()
    await api.call('ready')
    await written('keys')
    await api.call('limitFiles', 60) // less than a seal
    await lives(api, async () => {
      const left = readdirSync(folder).filter((name) => !name.endsWith('.sealed'))
      expect(left).toEqual([])
      await api.call('limitFiles', 0)
    })
  })

  test('a read-only folder', LONG, async () => {
    mkdirSync(folder, { mode: 0o555 })
    chmodSync(folder, 0o555)
    const api = await started()
    await api.call('becomeNobody')
    await lives(api, async () => chmodSync(folder, 0o777))
  })
})

test('a key that is not known is an event and advice, and costs neither a request nor a record', LONG, async () => {
  const first = await started()
  const revoked = as.opaque()
  expect(await first.call('revoke', { token: revoked })).toMatchObject({ durable: true })
  await first.call('close')
  const record = join(
    folder,
    readdirSync(folder).find((name) => name.startsWith('revocations'))!,
  )
  const before = readFileSync(record)

  const other = await started('0s', { key: randomBytes(32).toString('base64') })
  expect((await other.ask(as.opaque())).status).toBe(200)
  expect(await other.call('revoke', { sub: 'another' })).toMatchObject({ durable: false })
  const said = await eventsOf(other)
  expect(said).toContainEqual({ type: 'store_failed', operation: 'load' })
  expect(said.filter(({ type }) => type === 'advice')).toMatchObject([{ code: 'HOLDFAST_STORE' }])
  await other.call('close')
  expect(readFileSync(record).equals(before)).toBe(true)

  const again = await started()
  expect(await again.ask(revoked)).toMatchObject({ status: 401, reason: 'token_revoked' })
})
