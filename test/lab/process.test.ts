// The laboratory as a process of its own: what `pnpm run lab` starts.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Frame, Recording } from '../../examples/outage-lab/src/frame.ts'
import { bundle } from '../outage-proof/bundle.ts'
import { wronglyRefused } from './world.ts'

const LAB = new URL('../../examples/outage-lab/', import.meta.url)
let folder: string
let program: string

beforeAll(async () => {
  // Beside the compiled one: the page and the packages are found from there.
  const dist = fileURLToPath(new URL('dist/', LAB))
  mkdirSync(dist, { recursive: true })
  folder = mkdtempSync(join(dist, 'test-'))
  const external = ['@koa/router', 'express', 'koa', 'oidc-provider', 'prom-client']
  await bundle(fileURLToPath(new URL('src/main.ts', LAB)), folder, external)
  program = join(folder, 'child.mjs')
  return () => rmSync(folder, { recursive: true, force: true })
})

interface Run {
  readonly process: ChildProcess
  /** Resolves when the process is over. */
  readonly over: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
  /** Resolves when it has printed something like this. */
  readonly printed: (pattern: RegExp) => Promise<string>
}

function lab(...args: readonly string[]): Run {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  const over = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }))
  return {
    process: child,
    over,
    async printed(pattern) {
      while (!pattern.test(out)) await Promise.race([once(child.stdout, 'data'), over.then(() => fail(err))])
      return pattern.exec(out)![0]
    },
  }
}

function fail(why: string): never {
  throw new Error(`the process is over: ${why}`)
}

describe('a scenario without a page', () => {
  test('is played, recorded, and over: nothing is left that would keep the process', async () => {
    const file = join(folder, 'recording.json')
    const args = ['--scenario', 'outage-and-recovery', '--record', file, '--speed', '20', '--rate', '20']
    const { code, out, err } = await lab(...args).over
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^\d+ frames of "outage-and-recovery" are in /)

    const { lab: state, frames } = JSON.parse(readFileSync(file, 'utf8')) as Recording
    expect(state.speed).toBe(20)
    expect(frames.flatMap(({ notes }) => notes.map(({ text }) => text))).toEqual(
      expect.arrayContaining(['Outage and recovery begins', 'Down', 'Healthy', 'Outage and recovery is over']),
    )
    expect(new Set(frames.map(({ weather }) => weather))).toEqual(new Set(['healthy', 'down']))
    const answered = (name: 'express' | 'ttl', status: string): number =>
      frames.reduce((total, frame: Frame) => total + (frame.variants[name].statuses[status] ?? 0), 0)
    expect(answered('express', '503')).toBeGreaterThan(0)
    expect(wronglyRefused(frames, 'express')).toBe(0)
    expect(wronglyRefused(frames, 'ttl')).toBeGreaterThan(0)
  })
})

describe('the laboratory', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('tells its address, and ends by %s', async (signal) => {
    const { process: child, over, printed } = lab('--rate', '5')
    const url = await printed(/http:\/\/127\.0\.0\.1:\d+/)
    const response = await fetch(`${url}/events`) // a page that watches must not keep it
    child.kill(signal)
    await response.text().catch(() => undefined)
    expect(await over).toMatchObject({ code: 0, err: '' })
  })

  test('says that its port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const { code, err } = await lab('--port', String(port)).over
    taken.close()
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('EADDRINUSE') })
  })

  test('says how it is used', async () => {
    const { code, err } = await lab('--speed', 'fast').over
    expect(code).toBe(2)
    expect(err).toContain('--speed is a whole number from 1 to 20')
    expect(err).toContain('usage: lab')
  })
})
