import { type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import { Child, twoCores } from '../http/child.ts'
import type { Framework, Mix } from '../http/messages.ts'
import { insideResults, outsideResults, remarksOn } from '../http/results.ts'
import { type HttpRow, type HttpSettings, roundsOf, type World } from '../http/row.ts'
import type { Result, Suite } from '../result.ts'

const AUDIENCE = 'https://api.example.com'

const CONTROLS = ['bare', 'no-op', 'no-op again']
const BY_HAND = ['aws-jwt-verify', 'fast-jwt', 'fast-jwt cached']
const SUBJECTS: Readonly<Record<Framework, readonly string[]>> = {
  'Express 5': [...CONTROLS, 'holdfast', 'express-oauth2-jwt-bearer', 'express-jwt', 'passport-jwt', ...BY_HAND],
  'Koa 3': [...CONTROLS, 'holdfast', 'koa-jwt', ...BY_HAND],
}
const INSIDE = ['no-op', 'reading the header', 'holdfast', 'fast-jwt cached']

const MIXES: Readonly<Record<Mix, string>> = { hot: 'hot', rotating: '10,000 rotating', '90/10': '90/10' }

const FULL: HttpSettings = {
  rounds: 15,
  roundsOfManyTokens: 6,
  round: { millis: 350, requests: 700, atMostMillis: 1_000 },
  warmUp: { millis: 400, requests: 8_000, atMostMillis: 5_000 },
  tokens: 10_000,
  connections: 64,
}
const QUICK: HttpSettings = {
  rounds: 2,
  roundsOfManyTokens: 1,
  round: { millis: 40, requests: 1, atMostMillis: 40 },
  warmUp: { millis: 20, requests: 1, atMostMillis: 20 },
  tokens: 100,
  connections: 8,
}

/** Servers on loopback under load: requests per second, CPU per request, and the time inside the middleware. */
export const run: Suite = async ({ quick, only, say }) => {
  const rows = allRows().filter(({ name }) => only === undefined || `${name}, CPU`.includes(only))
  if (rows.length === 0) return []
  const settings = quick ? QUICK : FULL
  const cores = twoCores()
  if (!cores) say('http: taskset or a second core is missing: server and load share what there is, ratios say less')

  const as = await testAuthorizationServer({ audience: AUDIENCE, listen: true, algorithms: ['RS256'] })
  const server = new Child(new URL('../http/server.js', import.meta.url), cores?.[0])
  const load = new Child(new URL('../http/load.js', import.meta.url), cores?.[1])
  try {
    say('http: signing tokens')
    const tokens = tokensOf(as, rows.every(({ mix }) => mix === 'hot') ? 1 : settings.tokens)
    await load.ask({ do: 'tokens', tokens })
    const authority = { issuer: as.issuer, audience: AUDIENCE, jwksUri: String(as.metadata['jwks_uri']) }
    const world: World = { authority, server, load, good: tokens[0]!, bad: badTokens(as) }
    const results: Result[] = []
    for (const row of rows) {
      say(`http: ${row.name}`)
      const rounds = await roundsOf(row, world, settings)
      for (const line of remarksOn(row, rounds)) say(`http: ${row.name}: ${line}`)
      results.push(...(row.timed ? insideResults(row, rounds) : outsideResults(row, rounds)))
    }
    return results.filter(({ row }) => only === undefined || row.includes(only))
  } finally {
    await Promise.all([server.stop(), load.stop(), as.close()])
  }
}

/** What is timed inside comes first: the goals ask most of it. */
function allRows(): HttpRow[] {
  const frameworks = Object.keys(SUBJECTS) as Framework[]
  const outside = (Object.keys(MIXES) as Mix[]).flatMap((mix) =>
    frameworks.map((framework) => ({
      name: `${framework}, ${MIXES[mix]}`,
      framework,
      mix,
      subjects: SUBJECTS[framework],
      timed: false,
    })),
  )
  const inside = frameworks.map((framework) => ({
    name: `${framework}, inside, hot`,
    framework,
    mix: 'hot' as const,
    subjects: INSIDE,
    timed: true,
  }))
  return [...inside, ...outside]
}

/** One that is hot, and those that rotate; as large as access tokens usually are: some 800 characters. */
function tokensOf(as: TestAuthorizationServer, count: number): string[] {
  return Array.from({ length: count + 1 }, (_, n) =>
    as.jwt({
      sub: `user-${String(n).padStart(8, '0')}`,
      scope: 'orders:read orders:write profile',
      expiresIn: '6h',
      claims: { auth_time: 1_700_000_000, acr: '1', amr: ['pwd'], tenant: 'example', email: 'someone@example.com' },
    }),
  )
}

/** What every middleware that verifies must refuse: the signature of another token, and another API's token. */
function badTokens(as: TestAuthorizationServer): string[] {
  const [one, other] = [as.jwt(), as.jwt()].map((token) => token.split('.'))
  return [[...one!.slice(0, 2), other![2]].join('.'), as.jwt({ audience: 'https://other.example.com' })]
}
