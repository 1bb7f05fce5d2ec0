import { fleet, type FleetOptions, type FleetResult } from './fleet.ts'

/** The fleet of docs/scale.md, twice, under both ways to route. */
const SIZES = [5, 20] as const
const FLEET: Omit<FleetOptions, 'replicas' | 'routing' | 'seed'> = {
  sessions: 1_000,
  zipf: 0.9,
  perSecond: 60,
  capacity: 300,
  fresh: 60_000,
  seconds: { warmUp: 150, calm: 240, outage: 60, after: 60 },
}

const cell = (value: number | undefined, digits = 1): string =>
  (value === undefined ? '-' : value.toFixed(digits)).padStart(8)

/** Prints what an authorization server behind a fleet has to bear, measured beside the law. */
export async function fleetCommand(seed: number): Promise<boolean> {
  process.stdout.write(
    'replicas routing  calm calls/s (law)  accepted  outage calls/s (law)  accepted  after: peak calls/s, in flight, accepted %, healthy s\n',
  )
  for (const routing of ['sticky', 'random'] as const) {
    for (const replicas of SIZES)
      process.stdout.write(line(replicas, routing, await fleet({ ...FLEET, replicas, routing, seed })))
  }
  return true
}

function line(replicas: number, routing: string, { calm, outage, after }: FleetResult): string {
  return (
    `${String(replicas).padStart(8)} ${routing}  ${cell(calm.calls)} (${calm.expected.toFixed(1)}) ${cell(calm.accepted)}` +
    `  ${cell(outage.calls)} (${outage.expected.toFixed(1)}) ${cell(outage.accepted)}` +
    `  ${cell(after.peakCalls, 0)} ${cell(after.peakInFlight, 0)} ${cell(after.accepted)} ${cell(after.healthyAfter)}` +
    ` (first second of a replica: ${after.firstSecondInFlight} in flight)\n`
  )
}
