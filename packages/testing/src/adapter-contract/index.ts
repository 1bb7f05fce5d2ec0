import type { AdapterHarness } from './app.ts'
import type { Case } from './case.ts'
import { answers } from './answers.ts'
import { documents } from './documents.ts'
import { errors } from './errors.ts'
import { mounting } from './mounting.ts'
import { passing } from './passing.ts'
import { settings } from './settings.ts'
import { preflights } from './preflights.ts'
import { sockets } from './sockets.ts'
import { inWorld } from './world.ts'

export type {
  AdapterHarness,
  BeginStep,
  ContractApp,
  ContractExchange,
  ContractHandler,
  ContractReply,
  ContractStep,
  FormStep,
  GuardStep,
  HandlerStep,
  HeadersStep,
  MetadataStep,
  MethodStep,
  MountStep,
  ProtectStep,
  ReadinessStep,
  RouteStep,
  RunningApp,
} from './app.ts'

/** One thing that an adapter must do. Belongs to no test runner: `it(name, run)` makes it a test in most. */
export interface ContractCase {
  readonly name: string
  /** Rejects with an assertion error when the adapter does not. Cases may run one after the other in any order. */
  readonly run: () => Promise<void>
}

/**
 * What every framework adapter must do, over real sockets: same status, challenge and body as every other adapter,
 * nothing run behind a refusal, nothing lost or written twice.
 */
export function adapterContract(harness: AdapterHarness): readonly ContractCase[] {
  const cases: readonly Case[] = [
    ...passing,
    ...preflights,
    ...answers,
    ...errors,
    ...mounting,
    ...sockets,
    ...documents,
    ...settings,
  ]
  return cases.map(({ name, work }) => ({ name: `${harness.name}: ${name}`, run: () => inWorld(harness, work) }))
}
