import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FACES } from './faces.ts'
import { fieldsOf, PLAN, ROWS } from './rows.ts'
import { openApi } from './world.ts'

describe.each(FACES)('$name', (face) => {
  let api: Awaited<ReturnType<typeof openApi>>

  beforeAll(async () => {
    api = await openApi(face, { ...PLAN, as: { listen: true } })
  })
  afterAll(() => api.close())

  test.each(ROWS)('$does', async (row) => {
    const from = api.reasons().length
    const reply = await api.send(row.method ?? 'GET', row.path ?? '/whoami', fieldsOf(row, api.as))
    const { status, challenge, body, reason } = row.expect
    expect(reply.status).toBe(status)
    expect(reply.headers['www-authenticate']).toBe(challenge)
    expect(reply.body === '' ? undefined : JSON.parse(reply.body)).toEqual(body)
    expect(reply.headers['cache-control']).toBe(status === 200 ? undefined : 'no-store')
    expect(api.reasons().slice(from)).toEqual(reason === undefined ? [] : [reason])
  })

  test('rides out an outage: known tokens pass, unknown ones get 503, nobody gets 401', async () => {
    const { as, get } = api
    const [known, jwt, unknown] = [as.opaque({ sub: 'known' }), as.jwt({ sub: 'jwt' }), as.opaque()]
    expect((await get('/whoami', known)).status).toBe(200)
    expect((await get('/whoami', jwt)).status).toBe(200)
    as.outage()
    as.clock.advance('2m')

    const stale = await get('/whoami', known)
    expect(stale.status).toBe(200)
    expect(JSON.parse(stale.body)).toMatchObject({ subject: 'known', by: 'introspection', stale: true })
    expect((await get('/whoami', jwt)).status).toBe(200)
    for (const [path, token] of [
      ['/whoami', unknown],
      ['/refunds', known],
    ] as const) {
      const reply = await get(path, token)
      expect(reply.status).toBe(503)
      expect(reply.headers['retry-after']).toMatch(/^[1-9]\d*$/)
      expect(reply.headers['www-authenticate']).toBeUndefined()
      expect(JSON.parse(reply.body)).toEqual({ error: 'unavailable' })
    }

    as.revoke(known)
    await as.recover()
    expect((await get('/whoami', known)).status).toBe(401)
    expect((await get('/whoami', unknown)).status).toBe(200)
  })
})
