import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const NAMES = ['core', 'express', 'koa', 'prometheus', 'testing']

/** What the consumer installs beside the tarballs, in the versions that this repository has installed. */
const COMPANIONS = ['express', 'koa', '@types/express', '@types/koa', '@types/node', 'prom-client']

const IMPORTS = `
  core: Object.keys(core), express: Object.keys(express), koa: Object.keys(koa), testing: Object.keys(testing),
  prometheus: Object.keys(prometheus),
  oneCore: express.scope === core.scope && koa.scope === core.scope,
`
const FILES = {
  'esm.mjs': `
    import * as core from '@holdfast/core'
    import * as express from '@holdfast/express'
    import * as koa from '@holdfast/koa'
    import * as prometheus from '@holdfast/prometheus'
    import * as testing from '@holdfast/testing'
    console.log(JSON.stringify({ ${IMPORTS} }))
  `,
  'cjs.cjs': `
    const core = require('@holdfast/core')
    const express = require('@holdfast/express')
    const koa = require('@holdfast/koa')
    const prometheus = require('@holdfast/prometheus')
    const testing = require('@holdfast/testing')
    console.log(JSON.stringify({ ${IMPORTS} }))
  `,
  'plain/app.ts': `
    import { createResourceServer, type AuthContext } from '@holdfast/core'
    import { authOf, guard, protect, scope } from '@holdfast/express'
    import * as forKoa from '@holdfast/koa'
    import { prometheus } from '@holdfast/prometheus'
    import { testAuthorizationServer } from '@holdfast/testing'
    import express from 'express'
    import Koa from 'koa'
    import { Registry } from 'prom-client'

    const server = createResourceServer({
      issuer: 'https://login.example.com',
      audience: 'https://api.example.com',
      observe: prometheus(new Registry(), { buckets: { staleAge: [60, 300] } }),
    })
    const app = express()
    app.use('/api', protect(server))
    app.get('/api/orders', guard(scope('orders:read')), (req, res) => {
      const auth: AuthContext = authOf(req)
      res.json({ subject: auth.subject })
    })
    const koa = new Koa()
    koa.use(forKoa.protect(server))
    koa.use(forKoa.guard(forKoa.scope('orders:read')))
    koa.use((ctx) => { ctx.body = forKoa.authOf(ctx).subject })

    // @ts-expect-error the main entry augments nothing
    app.use((req, _res, next) => { req.auth; next() })
    // @ts-expect-error the audience is not optional
    createResourceServer({ issuer: 'https://login.example.com' })

    export { app, koa, testAuthorizationServer }
  `,
  'plain/app.cts': `
    import core = require('@holdfast/core')
    import holdfast = require('@holdfast/express')

    const server = core.createResourceServer({ issuer: 'https://login.example.com', audience: 'https://api.example.com' })
    export const handlers = [holdfast.protect(server), holdfast.guard(core.scope('orders:read'))]
  `,
  'augmented/app.ts': `
    import type { AuthContext } from '@holdfast/core'
    import '@holdfast/express/augment'
    import '@holdfast/koa/augment'
    import type { Request } from 'express'
    import type { DefaultState } from 'koa'

    export const subjects = (req: Request, state: DefaultState): (string | undefined)[] => {
      const auths: (AuthContext | undefined)[] = [req.auth, state.auth]
      return auths.map((auth) => auth?.subject)
    }
  `,
}
const TSCONFIG = {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    noEmit: true,
  },
}

describe('packed and installed into an empty folder', () => {
  let consumer: string

  beforeAll(async () => {
    consumer = await mkdtemp(join(tmpdir(), 'holdfast-consumer-'))
    await run(process.execPath, [tsc, '-b', ...NAMES.map((name) => `packages/${name}`)], { cwd: root })
    const tarballs = await Promise.all(NAMES.map((name) => pack(name, consumer)))
    await Promise.all(['plain', 'augmented'].map((folder) => mkdir(join(consumer, folder))))
    const files = {
      ...FILES,
      'package.json': JSON.stringify({ private: true, type: 'module' }),
      'plain/tsconfig.json': JSON.stringify(TSCONFIG),
      'augmented/tsconfig.json': JSON.stringify(TSCONFIG),
    }
    await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(consumer, name), text)))
    const companions = await Promise.all(COMPANIONS.map(installedVersion))
    const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--strict-peer-deps']
    await run('npm', ['install', ...flags, ...tarballs, ...companions], { cwd: consumer })
  }, 240_000)

  afterAll(() => rm(consumer, { recursive: true, force: true }))

  test.each(['esm.mjs', 'cjs.cjs'])('%s loads every package, all on one core', { timeout: 60_000 }, async (file) => {
    const names: unknown = JSON.parse(await run(process.execPath, [file], { cwd: consumer }))
    expect(names).toEqual({
      core: expect.arrayContaining(['createResourceServer', 'scope', 'AuthError', 'ConfigError']),
      express: expect.arrayContaining(['authOf', 'guard', 'protect', 'resourceMetadata', 'scope']),
      koa: expect.arrayContaining(['authOf', 'guard', 'protect', 'resourceMetadata', 'scope']),
      prometheus: ['prometheus'],
      testing: expect.arrayContaining(['testAuthorizationServer']),
      oneCore: true,
    })
  })

  test('the dashboard and the rules are in the package', async () => {
    const files = ['grafana/holdfast.json', 'rules/alerts.yml', 'rules/recording.yml']
    const installed = files.map((file) => readFile(join(consumer, 'node_modules/@holdfast/prometheus', file), 'utf8'))
    const shipped = files.map((file) => readFile(join(root, 'packages/prometheus', file), 'utf8'))
    expect(await Promise.all(installed)).toEqual(await Promise.all(shipped))
  })

  test.each(['plain', 'augmented'])('a strict %s consumer type-checks', { timeout: 60_000 }, async (project) => {
    const output = await run(process.execPath, [tsc, '-p', project, '--pretty', 'false'], { cwd: consumer }).catch(
      messageOf,
    )
    // Declarations are checked, too; those of other packages (@types/koa) do not always agree with each other.
    const ours = output.split('\n').filter((line) => /^\S/.test(line) && !/^node_modules\/(?!@holdfast)/.test(line))
    expect(ours).toEqual([])
  })
})

/** Runs a command; when it fails, the error says what the command wrote. */
async function run(command: string, args: readonly string[], options: { cwd: string }): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, options)).stdout
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout: string; stderr: string }
    throw new Error(stdout + stderr || `${command} ${args.join(' ')} failed and wrote nothing`, { cause })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function pack(name: string, destination: string): Promise<string> {
  const { packageManager } = (await readJson('package.json')) as { packageManager: string }
  const args = ['-y', packageManager, 'pack', '--json', '--pack-destination', destination]
  const packed = await run('npx', args, { cwd: join(root, 'packages', name) })
  return (JSON.parse(packed) as { filename: string }).filename
}

async function installedVersion(name: string): Promise<string> {
  const { version } = (await readJson(`node_modules/${name}/package.json`)) as { version: string }
  return `${name}@${version}`
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(join(root, path), 'utf8'))
}
