import { connect } from 'node:http2'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { sendFieldsTwice } from '../http2.ts'
import { fieldsOf, PLAN, ROWS } from '../rows.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE, type Plan } from '../world.ts'

const reason = 'Express does not run on node:http2: its requests and responses inherit from those of node:http'
const exempt = { express4: reason, express5: reason }
const overHttp2 = (plan: Plan = {}): Plan => ({ ...plan, http2: true })

/** Node's HTTP/2 client sends no field twice; HEAD is held below. */
const SENDABLE = ROWS.filter(({ does, method }) => does !== 'refuses two Authorization lines' && method !== 'HEAD')

verifies(
  'HT-22',
  'every request gets the answer that it gets over HTTP/1.1',
  async (face) => {
    const [one, two] = [await api(face, PLAN), await api(face, overHttp2(PLAN))]
    for (const row of SENDABLE) {
      const [method, path] = [row.method ?? 'GET', row.path ?? '/whoami']
      const before = await one.send(method, path, fieldsOf(row, one.as))
      const after = await two.send(method, path, fieldsOf(row, two.as))
      expect([row.does, after.status, after.lines('www-authenticate'), after.body]).toEqual([
        row.does,
        before.status,
        before.lines('www-authenticate'),
        before.body,
      ])
      expect(after.headers['cache-control']).toBe(before.headers['cache-control'])
    }
    expect(two.reasons()).toEqual(one.reasons())
    expect(two.handled()).toBe(one.handled())
  },
  { exempt },
)

verifies(
  'HT-22',
  'HEAD gets what GET gets',
  async (face) => {
    const { as, get, send } = await api(face, overHttp2())
    for (const fields of [[], ['authorization', `Bearer ${as.jwt({ expiresIn: '-1m' })}`]]) {
      const [one, other] = [await get('/', fields), await send('HEAD', '/', fields)]
      expect([other.status, other.lines('www-authenticate'), other.body]).toEqual([
        401,
        one.lines('www-authenticate'),
        '',
      ])
      expect(other.headers['content-length']).toBe(one.headers['content-length'])
    }
  },
  { exempt: { ...exempt, koa2: 'Koa 2 answers no HEAD over HTTP/2, whatever the application' } },
)

verifies(
  'HT-22',
  'two Authorization fields are an error',
  async (face) => {
    const { as, origin, reasons, handled } = await api(face, overHttp2())
    const good = `Bearer ${as.jwt()}`
    expect(await sendFieldsTwice(origin, '/', ['authorization', good])).toBe('other')
    expect([reasons(), handled()]).toEqual([[], 1])
    expect(await sendFieldsTwice(origin, '/', ['authorization', good, 'authorization', 'Bearer x'])).toBe(400)
    expect([reasons(), handled()]).toEqual([['credentials_repeated'], 1])
  },
  { exempt },
)

verifies(
  'HT-22',
  'the metadata document is found by its path, whatever the authority',
  async (face) => {
    const { get } = await api(face, overHttp2({ before: (server) => [{ is: 'resourceMetadata', server }] }))
    const path = '/.well-known/oauth-protected-resource'
    const reply = await get(path, [':authority', 'evil.example'])
    expect([reply.status, JSON.parse(reply.body)]).toMatchObject([200, { resource: AUDIENCE }])
    expect((await get('/')).headers['www-authenticate']).toBe(
      withDpop(`Bearer realm="${AUDIENCE}", resource_metadata="${AUDIENCE}${path}"`),
    )
  },
  { exempt },
)

verifies(
  'HT-22',
  'who resets a stream leaves no work behind',
  async (face) => {
    const { as, origin, handled, server } = await api(face, overHttp2())
    const token = as.opaque()
    as.hang('introspection')
    const session = connect(origin)
    const stream = session.request({ ':path': '/', authorization: `Bearer ${token}` })
    stream.on('error', () => undefined)
    await expect.poll(() => as.calls.introspection).toBe(1)
    stream.close(8) // CANCEL
    await new Promise((resolve) => stream.once('close', resolve))
    await expect.poll(() => server.status().counters.refused).toEqual({ introspection_unavailable: 1 })
    session.destroy()
    expect(handled()).toBe(0)
  },
  { exempt },
)
