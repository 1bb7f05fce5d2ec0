import process from 'node:process'
import type { Guard, ResourceServer, ResourceServerOptions } from '@holdfast/core'
import { createGate, type ProtectOptions } from '@holdfast/core/adapter'
import * as forExpress from '@holdfast/express'
import * as forKoa from '@holdfast/koa'
import type { AdapterHarness } from '@holdfast/testing'
import { harnesses as expressHarnesses } from '../../packages/express/test/harness.ts'
import { harnesses as koaHarnesses, http2Harnesses } from '../../packages/koa/test/harness.ts'
import { coreHarness, coreHttp2Harness } from './core-harness.ts'

export type FaceId = 'core' | 'express4' | 'express5' | 'koa2' | 'koa3'

/** A way in to a resource server: the core by itself, or a framework with its adapter. */
export interface Face {
  readonly id: FaceId
  readonly name: string
  readonly harness: AdapterHarness
  /** The same on `node:http2`, where the framework runs on it. */
  readonly http2?: AdapterHarness
  /** What this face calls `protect`; for configuration that must be refused when it is written. */
  readonly protect: (
    given: ResourceServer | ResourceServerOptions,
    options?: ProtectOptions,
    ...guards: readonly Guard[]
  ) => unknown
}

const express: Face['protect'] = (given, options = {}, ...guards) => forExpress.protect(given, options, ...guards)
const koa: Face['protect'] = (given, options = {}, ...guards) => forKoa.protect(given, options, ...guards)

const ALL: readonly Face[] = [
  {
    id: 'core',
    name: 'core',
    harness: coreHarness,
    http2: coreHttp2Harness,
    protect: (given, options = {}, ...guards) => createGate(given, [options, ...guards]),
  },
  { id: 'express4', name: 'Express 4', harness: expressHarnesses[0]!, protect: express },
  { id: 'express5', name: 'Express 5', harness: expressHarnesses[1]!, protect: express },
  { id: 'koa2', name: 'Koa 2', harness: koaHarnesses[0]!, http2: http2Harnesses[0]!, protect: koa },
  { id: 'koa3', name: 'Koa 3', harness: koaHarnesses[1]!, http2: http2Harnesses[1]!, protect: koa },
]

/** All of them, unless `CONFORMANCE_FACES` names some by id: for a look at one, or to save time. */
export const FACES: readonly Face[] = ALL.filter(({ id }) =>
  (process.env['CONFORMANCE_FACES'] ?? id).split(',').includes(id),
)
