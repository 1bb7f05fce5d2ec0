import { request } from 'node:http'
import { seeded, shuffled } from '../statistics.ts'
import type { Child } from './child.ts'
import type { Account, Authority, Framework, Length, LoadReport, Mix } from './messages.ts'

/** One framework under one load. */
export interface HttpRow {
  readonly name: string
  readonly framework: Framework
  readonly mix: Mix
  readonly subjects: readonly string[]
  /** Whether a clock runs around the middleware, instead of counting requests. */
  readonly timed: boolean
}

export interface HttpSettings {
  readonly rounds: number
  /** The same for rows with more than one token. */
  readonly roundsOfManyTokens: number
  /** How long each subject runs in one round. */
  readonly round: Length
  /** The same before the first round. */
  readonly warmUp: Length
  /** How many rotate. */
  readonly tokens: number
  readonly connections: number
}

export interface World {
  readonly authority: Authority
  readonly server: Child
  readonly load: Child
  readonly good: string
  /** What every middleware that verifies must refuse. */
  readonly bad: readonly string[]
}

/** What one subject did in one round. */
export interface Round extends Account, LoadReport {}

/** Milliseconds for a round beyond its length. */
const PATIENCE = 20_000
const CACHE: readonly string[] = ['holdfast', 'fast-jwt cached']
const VERIFY_NOTHING: readonly string[] = ['bare', 'no-op', 'no-op again', 'reading the header']

/** Every round runs every subject once, in an order of its own. @returns What each did, round by round. */
export async function roundsOf(
  { name, framework, subjects, mix, timed }: HttpRow,
  { authority, server, load, good, bad }: World,
  settings: HttpSettings,
): Promise<ReadonlyMap<string, readonly Round[]>> {
  const port = await server.ask<number>({ do: 'start', framework, authority })
  await load.ask({ do: 'connect', port, connections: settings.connections })

  const play = async (subject: string, length: Length): Promise<Round> => {
    await server.ask({ do: 'use', subject, timed })
    const report = await load.ask<LoadReport>({ do: 'run', subject, mix, length }, length.atMostMillis + PATIENCE)
    if (report.refused > 0) throw new Error(`${name}, ${subject}: ${report.refused} answers other than 200`)
    return { ...report, ...(await server.ask<Account>({ do: 'account' })) }
  }

  const { round: ofRound, warmUp, tokens } = settings
  for (const subject of subjects) {
    await server.ask({ do: 'use', subject, timed })
    await expectStatus(port, good, 200, subject)
    const verifies = !VERIFY_NOTHING.includes(subject)
    for (const token of bad) await expectStatus(port, token, verifies ? 401 : 200, subject)
    // What recurs is in the caches before the first round, and what is timed alone is compiled.
    const long = timed || (mix === 'rotating' && CACHE.includes(subject))
    await play(subject, long ? { ...warmUp, requests: tokens } : warmUp)
  }

  const random = seeded(1)
  const rounds = new Map(subjects.map((subject) => [subject, [] as Round[]]))
  const count = mix === 'hot' ? settings.rounds : settings.roundsOfManyTokens
  for (let round = 0; round < count; round += 1) {
    for (const [subject, played] of shuffled([...rounds], random)) played.push(await play(subject, ofRound))
  }
  return rounds
}

/** A middleware that lets everything pass would be fast. */
async function expectStatus(port: number, token: string, wanted: number, subject: string): Promise<void> {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` }
    const outgoing = request({ host: '127.0.0.1', port, path: '/orders', headers, agent: false, timeout: PATIENCE })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')))
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    outgoing.end()
  })
  if (status !== wanted) throw new Error(`${subject}: answered ${status} where ${wanted} was due`)
}
