import { createResourceServer, type HoldfastEvent, type ResourceServer } from '@holdfast/core'
import { testAuthorizationServer, type TestAuthorizationServer } from '@holdfast/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FACES, type RunningFace } from './faces.ts'
import { type Reply, send } from './http.ts'
import { AUDIENCE, fieldsOf, ROWS } from './rows.ts'

describe.each(FACES)('$name', (face) => {
  let as: TestAuthorizationServer
  let server: ResourceServer
  let running: RunningFace
  const events: HoldfastEvent[] = []

  beforeAll(async () => {
    as = await testAuthorizationServer({ audience: AUDIENCE, listen: true })
    server = createResourceServer({ ...as.options(), observe: (event) => events.push(event) })
    running = await face.start(server)
  })
  afterAll(async () => {
    await running.close()
    await server.close()
    await as.close()
  })

  test.each(ROWS)('$does', async (row) => {
    const from = events.length
    const reply = await send(running.origin, row.method ?? 'GET', row.path ?? '/whoami', fieldsOf(row, as))
    const { status, challenge, body, reason } = row.expect
    expect(reply.status).toBe(status)
    expect(reply.headers['www-authenticate']).toBe(challenge)
    expect(reply.body === '' ? undefined : JSON.parse(reply.body)).toEqual(body)
    expect(reply.headers['cache-control']).toBe(status === 200 ? undefined : 'no-store')
    const refusals = events.slice(from).flatMap((event) => (event.type === 'refused' ? [event.reason] : []))
    expect(refusals).toEqual(reason === undefined ? [] : [reason])
  })

  const get = (path: string, token: string): Promise<Reply> =>
    send(running.origin, 'GET', path, ['Authorization', `Bearer ${token}`])

  test('rides out an outage: known tokens pass, unknown ones get 503, nobody gets 401', async () => {
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
