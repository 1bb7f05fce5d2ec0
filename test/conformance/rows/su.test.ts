import { ConfigError, type Guard, login, type LoginOptions, scope } from '@holdfast/core'
import type { TestAuthorizationServer } from '@holdfast/testing'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE } from '../world.ts'

const stepUp = (more: string): string =>
  `Bearer realm="${AUDIENCE}", error="insufficient_user_authentication", error_description="This request needs a stronger or more recent authentication"${more}`

/** Both kinds of token with the same claims. */
const tokens = (
  as: TestAuthorizationServer,
  claims: Readonly<Record<string, unknown>>,
  more = {},
): readonly string[] => [as.jwt({ ...more, claims }), as.opaque({ ...more, claims })]
const seconds = (as: TestAuthorizationServer): number => as.clock.wall() / 1_000

/** What both kinds of token with these claims get; the same for both, or else a list. */
async function outcome({ as, get }: Api, path: string, claims: Readonly<Record<string, unknown>>): Promise<unknown> {
  const replies = []
  for (const token of tokens(as, claims)) {
    const { status, headers } = await get(path, token)
    replies.push(status === 200 ? 'served' : `${status} ${headers['www-authenticate'] as string}`)
  }
  return replies[0] === replies[1] ? replies[0] : replies
}

verifies(['SU-01', 'SU-02', 'SU-03'], 'an acr that does not do is refused with 401 and what would do', async (face) => {
  const app = await api(face, { routes: { '/gold': [login({ acr: ['gold', 'silver'] })] } })
  expect(await outcome(app, '/gold', { acr: 'bronze' })).toBe(`401 ${stepUp(', acr_values="gold silver"')}`)
  expect(await outcome(app, '/gold', { acr: 'silver' })).toBe('served')
  const reply = await app.get('/gold', app.as.jwt())
  expect(reply.lines('www-authenticate')).toHaveLength(1)
  expect(JSON.parse(reply.body)).toEqual({
    error: 'insufficient_user_authentication',
    error_description: 'This request needs a stronger or more recent authentication',
  })
  expect(app.reasons()).toEqual(['login_insufficient', 'login_insufficient', 'login_insufficient'])
  expect(app.handled()).toBe(2)
})

verifies('SU-04', 'max_age is whole seconds in a quoted-string', async (face) => {
  const app = await api(face, { routes: { '/recent': [login({ maxAge: '5m' })], '/now': [login({ maxAge: '0s' })] } })
  expect(await outcome(app, '/recent', {})).toBe(`401 ${stepUp(', max_age="300"')}`)
  expect(await outcome(app, '/now', {})).toBe(`401 ${stepUp(', max_age="0"')}`)
  for (const maxAge of ['-1s', '1.5s', '1500ms', '300', 300, -1, 1.5, Number.NaN, '', null, '5 m']) {
    expect(() => login({ maxAge } as unknown as LoginOptions), String(maxAge)).toThrow(ConfigError)
  }
  expect(() => login({ maxAge: '1500ms' })).toThrow('login(): "maxAge" is whole seconds, not 1500ms')
})

verifies(['SU-05', 'SU-09'], 'what is not said is not enough, and both needs stand in one challenge', async (face) => {
  const app = await api(face, { routes: { '/both': [login({ acr: 'gold', maxAge: '5m' })] } })
  const both = `401 ${stepUp(', acr_values="gold", max_age="300"')}`
  const now = seconds(app.as)
  expect(await outcome(app, '/both', {})).toBe(both)
  expect(await outcome(app, '/both', { acr: 'gold' })).toBe(both)
  expect(await outcome(app, '/both', { auth_time: now })).toBe(both)
  expect(await outcome(app, '/both', { acr: 'gold', auth_time: now - 3_600 })).toBe(both)
  expect(await outcome(app, '/both', { acr: 'gold', auth_time: now })).toBe('served')
})

verifies('SU-06', 'where scope is lacking, too, the step-up challenge names it', async (face) => {
  const routes: Record<string, readonly Guard[]> = {
    '/scope-first': [scope('a', 'b'), login({ acr: 'gold' })],
    '/login-first': [login({ acr: 'gold' }), scope('a', 'b')],
  }
  const { as, get } = await api(face, { routes })
  const challenges = async (path: string, granted: string, acr: string): Promise<readonly unknown[]> => {
    const { status, headers } = await get(path, as.jwt({ scope: granted, claims: { acr } }))
    return [status, headers['www-authenticate']]
  }
  for (const path of Object.keys(routes)) {
    expect(await challenges(path, 'a', 'bronze')).toEqual([401, stepUp(', scope="a b", acr_values="gold"')])
    expect(await challenges(path, 'a b', 'bronze')).toEqual([401, stepUp(', acr_values="gold"')])
    expect((await challenges(path, 'a', 'gold'))[0]).toBe(403)
    expect((await challenges(path, 'a b', 'gold'))[0]).toBe(200)
  }
})

verifies(
  ['SU-07', 'SU-08', 'SU-10'],
  'acr and auth_time of either kind of token are judged, acr by equality',
  async (face) => {
    const app = await api(face, { routes: { '/gold': [login({ acr: 'gold' })], '/recent': [login({ maxAge: '5m' })] } })
    const lacking = `401 ${stepUp(', acr_values="gold"')}`
    for (const acr of ['platinum', 'Gold', 'gold silver', 'golden', 'gol', '', '2']) {
      expect(await outcome(app, '/gold', { acr }), acr).toBe(lacking)
    }
    expect(await outcome(app, '/gold', { acr: 'gold' })).toBe('served')
    // What the user's other claims say is no authentication context.
    expect(await outcome(app, '/gold', { amr: ['gold'], acr_values: 'gold' })).toBe(lacking)
    const now = seconds(app.as)
    expect(await outcome(app, '/recent', { auth_time: now - 60 })).toBe('served')
    expect(await outcome(app, '/recent', { auth_time: now - 3_600 })).toBe(`401 ${stepUp(', max_age="300"')}`)
    expect(await outcome(app, '/recent', { iat: now, updated_at: now })).toBe(`401 ${stepUp(', max_age="300"')}`)
  },
)

verifies(
  ['SU-07', 'SU-08'],
  'an acr or auth_time of another type is never taken for absence or for a match',
  async (face) => {
    const { as, get, handled } = await api(face, { routes: { '/any': [login({ acr: '1', maxAge: '5m' })] } })
    const wrong = [{ acr: ['1'] }, { acr: 1 }, { acr: { 1: true } }, { auth_time: 'now' }, { auth_time: [seconds(as)] }]
    for (const claims of wrong) {
      const jwt = await get('/any', as.jwt({ claims: { acr: '1', auth_time: seconds(as), ...claims } }))
      expect(jwt.headers['www-authenticate'], JSON.stringify(claims)).toContain('error="invalid_token"')
    }
    expect(handled()).toBe(0)
  },
)

verifies(
  'SU-11',
  'a login is too old after max_age and the skew, and malformed in a future beyond the skew',
  async (face) => {
    const routes = { '/recent': [login({ maxAge: '300s' })], '/gold': [login({ acr: 'gold' })] }
    for (const skew of [0, 30, 300]) {
      const app = await api(face, { routes, options: { clockSkew: `${skew}s` } })
      const at = (age: number): Promise<unknown> =>
        outcome(app, '/recent', { acr: 'gold', auth_time: seconds(app.as) - age })
      expect(await at(300 + skew)).toBe('served')
      expect(await at(301 + skew)).toBe(`401 ${stepUp(', max_age="300"')}`)
      expect(await at(-skew)).toBe('served')
      expect(await at(-skew - 1)).toBe(
        withDpop(
          `401 Bearer realm="${AUDIENCE}", error="invalid_token", error_description="The access token is malformed"`,
        ),
      )
      // Where nobody asks for its age, nobody looks at it.
      expect(await outcome(app, '/gold', { acr: 'gold', auth_time: seconds(app.as) + 3_600 })).toBe('served')
    }
  },
)

verifies('SU-11', 'a login grows old while its token is known', async (face) => {
  const { as, get } = await api(face, {
    routes: { '/recent': [login({ maxAge: '60s' })] },
    options: { clockSkew: '0s' },
  })
  for (const token of tokens(as, { auth_time: seconds(as) })) expect((await get('/recent', token)).status).toBe(200)
  const known = tokens(as, { auth_time: seconds(as) })
  for (const token of known) expect((await get('/recent', token)).status).toBe(200)
  as.clock.advance('61s')
  for (const token of known) expect((await get('/recent', token)).status).toBe(401)
})

verifies('SU-12', 'strangers do not learn what authentication is asked for', async (face) => {
  const { as, get, reasons } = await api(face, { routes: { '/gold': [login({ acr: 'gold', maxAge: '5m' })] } })
  const claims = { acr: 'bronze' }
  const strangers = [
    as.jwt({ claims, expiresIn: '-1m' }),
    as.jwt({ claims, audience: 'https://other.example' }),
    `${as.jwt({ claims }).slice(0, -4)}AAAA`,
    as.opaque({ claims, audience: 'https://other.example' }),
    'no-such-token',
  ]
  for (const token of strangers) {
    const reply = await get('/gold', token)
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toContain('error="invalid_token"')
    expect(reply.headers['www-authenticate']).not.toMatch(/acr_values|max_age|gold/)
  }
  expect((await get('/gold')).headers['www-authenticate']).toBe(withDpop(`Bearer realm="${AUDIENCE}"`))
  expect(reasons()).not.toContain('login_insufficient')
})

verifies('SU-13', 'a route keeps to itself what it asks for', async (face) => {
  const secret = login({ acr: 'gold', maxAge: '5m', disclose: false })
  const app = await api(face, { routes: { '/secret': [secret], '/told': [login({ acr: 'gold', disclose: true })] } })
  expect(await outcome(app, '/secret', { acr: 'bronze' })).toBe(`401 ${stepUp('')}`)
  expect(await outcome(app, '/told', { acr: 'bronze' })).toBe(`401 ${stepUp(', acr_values="gold"')}`)
  expect(await outcome(app, '/secret', { acr: 'gold', auth_time: seconds(app.as) })).toBe('served')
  for (const disclose of ['no', 0, null]) {
    expect(() => login({ acr: 'gold', disclose } as unknown as LoginOptions)).toThrow(
      'login(): "disclose" is true or false',
    )
  }
})

verifies('SU-14', 'an acr value that no quoted-string carries as it is, is refused when it is written', () => {
  const wrong = ['a"b', 'a\\b', 'a b', '', ' ', 'ä', 'a\nb', 'a\tb', '\0', '\u007f', ['gold', 'a"b'], [], [''], 1, {}]
  for (const acr of wrong) {
    expect(() => login({ acr } as unknown as LoginOptions), JSON.stringify(acr)).toThrow(ConfigError)
  }
  expect(() => login({ acr: 'a"b' })).toThrow(
    'login(): an acr value is printable ASCII without space, quote and backslash',
  )
  expect(() =>
    login({ acr: ['urn:mace:incommon:iap:silver', 'https://refeds.org/profile/mfa', '!#[]~'] }),
  ).not.toThrow()
  expect(() => login({})).toThrow('login(): say what is needed')
  expect(() => login(undefined as unknown as LoginOptions)).toThrow('login(): say what is needed')
  expect(() => login({ acr_values: 'gold' } as unknown as LoginOptions)).toThrow('unknown option "acr_values"')
})

verifies('SU-16', 'a stale answer tells of the login, too', async (face) => {
  const { as, get } = await api(face, {
    routes: { '/recent': [login({ acr: 'gold', maxAge: '200s' })] },
    options: { clockSkew: '0s' },
  })
  const token = as.opaque({ claims: { acr: 'gold', auth_time: seconds(as) } })
  const weak = as.opaque({ claims: { acr: 'bronze', auth_time: seconds(as) } })
  expect((await get('/recent', token)).status).toBe(200)
  expect((await get('/recent', weak)).status).toBe(401)
  as.outage()
  as.clock.advance('2m')
  const served = await get('/recent', token)
  expect([served.status, JSON.parse(served.body)]).toMatchObject([200, { stale: true }])
  expect((await get('/recent', weak)).headers['www-authenticate']).toContain('insufficient_user_authentication')
  as.clock.advance('81s')
  expect((await get('/recent', token)).headers['www-authenticate']).toContain('max_age="200"')
})
