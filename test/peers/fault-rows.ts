import { generateKeyPairSync } from 'node:crypto'
import { ask, type Api, judge, type Row, type Verdict } from './row.ts'

/**
 * The main faults of a key endpoint, as callers meet them. What nobody can know is 503: a 401 would have clients throw
 * good tokens away. Each row has an authorization server and a process of its own.
 */
export const faultRows: readonly Row[] = [
  cold('refused', (api) => api.as.outage('keys')),
  cold('reset', (api) => api.as.reset('keys')),
  cold('500', (api) => api.as.respond('keys', { status: 500 })),
  cold('429', (api) => api.as.respond('keys', { status: 429, headers: { 'retry-after': '30' } })),
  cold('an HTML page', (api) => api.as.respond('keys', { body: '<html>maintenance</html>' })),
  cold('no keys at all', (api) => api.as.respond('keys', { body: { keys: [] } })),
  cold('silence', (api) => api.as.hang('keys')),
  cold('a drip', (api) => api.as.drip('keys')),
  {
    ids: ['HT-19', 'IN-45', 'CH-19'],
    does: 'says when to come back while keys cannot be had',
    run: async (api) => {
      api.as.outage('keys')
      const reply = await ask(api, { with: api.as.jwt() })
      const { did } = judge(reply, '503')
      return { ok: /^[1-9]\d*$/.test(String(reply?.headers['retry-after'])) && reply?.error === undefined, did }
    },
  },
  {
    ids: ['NG-70'],
    does: 'tells clients nothing of the key server’s trouble',
    run: async (api) => {
      api.as.outage('keys')
      const reply = await ask(api, { with: api.as.jwt() })
      const told = `${JSON.stringify(reply?.headers)}${reply?.body}`
      const leaks =
        reply === undefined || /ECONN|fetch failed|socket hang up|127\.0\.0\.1:\d+\/|at .+\.js:\d+/.test(told)
      return { ok: !leaks, did: leaks ? 'the error of the network' : 'nothing' }
    },
  },
  {
    ids: ['JK-31', 'DI-20'],
    does: 'serves a known key’s tokens while the authorization server is gone',
    run: async (api) => {
      await ask(api, { with: api.as.jwt() })
      api.as.outage()
      return judge(await ask(api, { with: api.as.jwt() }), '200')
    },
  },
  {
    ids: ['JK-10'],
    does: 'takes a new key at its first use',
    run: async (api) => {
      await ask(api, { with: api.as.jwt() })
      await new Promise((resolve) => setTimeout(resolve, 6_000)) // nobody rotates keys in the second of a fetch
      api.as.rotateKeys()
      return judge(await ask(api, { with: api.as.jwt() }), '200')
    },
  },
  {
    ids: ['JK-32'],
    does: 'recovers unaided when the authorization server comes back',
    run: async (api) => {
      api.as.outage('keys')
      await ask(api, { with: api.as.jwt() })
      await api.as.recover('keys')
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      return judge(await ask(api, { with: api.as.jwt() }), '200')
    },
  },
  {
    ids: ['JK-27'],
    does: 'fetches keys once for 50 first requests at once',
    run: (api) =>
      fetches(api, 1, async () => {
        const token = api.as.jwt()
        await Promise.all(Array.from({ length: 50 }, () => ask(api, { with: token })))
      }),
  },
  {
    ids: ['JK-29', 'NG-86'],
    does: 'fetches keys at most 5 times for 200 forged kids',
    run: (api) =>
      fetches(api, 5, async () => {
        for (let n = 0; n < 200; n += 1)
          await ask(api, { with: api.as.jwt({ ...forged, header: { kid: `forged-${n}` } }) })
      }),
  },
]

const forged = { alg: 'RS256', key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey } as const

/** The first request of a process meets this weather. */
function cold(weather: string, strike: (api: Api) => void): Row {
  return {
    ids: ['JK-32', 'CH-19'],
    does: `cannot tell, with ${weather} for keys: 503`,
    run: async (api) => {
      strike(api)
      return judge(await ask(api, { with: api.as.jwt() }), '503')
    },
  }
}

/** Counts what the key endpoint saw. */
async function fetches({ as }: Api, most: number, work: () => Promise<void>): Promise<Verdict> {
  as.calls.clear()
  await work()
  const { keys } = as.calls
  return { ok: keys <= most, did: `${keys} fetches` }
}
