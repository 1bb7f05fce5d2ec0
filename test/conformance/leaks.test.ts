import { inspect } from 'node:util'
import { AuthError, CHANNELS, clientSecretBasic, listen } from '@holdfast/core'
import type { TestAuthorizationServer } from '@holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FACES } from './faces.ts'
import type { Reply } from './http.ts'
import { fieldsOf, PLAN, ROWS } from './rows.ts'
import { api } from './world.ts'

const SECRET = 'a-secret-that-nobody-may-see'

/** Weather in which messages of other software reach us: its hosts, its bodies, our own credentials. */
const WEATHER: Readonly<Record<string, (as: TestAuthorizationServer) => void>> = {
  'all is well': () => undefined,
  outage: (as) => as.outage(),
  'our credentials are rejected': (as) => as.rejectClient(),
  'an HTML page with our token in it': (as) => {
    as.respond('introspection', { status: 200, contentType: 'text/html', body: `<p>${SECRET}</p>` })
  },
  'an error that quotes our secret': (as) => {
    as.respond('introspection', { status: 400, body: { error: 'invalid_client', error_description: SECRET } })
  },
  reset: (as) => as.reset('introspection'),
}

/** Every part of a credential that would be of use to a thief, or tell whose it is. */
function partsOf(fields: readonly string[]): readonly string[] {
  const token = /^bearer +(.+)$/i.exec(fields[fields.length - 1] ?? '')?.[1] ?? ''
  return [token, ...token.split('.').slice(1)].filter((part) => part.length > 12)
}

describe.each(FACES)('$name', (face) => {
  test.each(Object.keys(WEATHER))('names every reason and leaks nothing: %s', async (name) => {
    const { as, server, send, events } = await api(face, {
      ...PLAN,
      as: { listen: true, client: { id: 'client', secret: SECRET } },
      options: { introspection: { client: clientSecretBasic('client', () => SECRET) } },
    })
    const heard: object[] = []
    const channels = Object.values(CHANNELS)
    const ends = channels.map((channel) => listen(channel, (message) => void heard.push(message)))
    onTestFinished(() => ends.forEach((end) => end()))
    await server.ready()
    const sent: string[] = []
    const replies: Reply[] = []
    const errors: unknown[] = []
    const requests = ROWS.map((row) => ({ row, fields: fieldsOf(row, as) }))
    WEATHER[name]!(as)
    for (const { row, fields } of requests) {
      sent.push(...partsOf(fields))
      replies.push(await send(row.method ?? 'GET', row.path ?? '/whoami', fields))
      const failed = await server.authenticate({ rawHeaders: fields }).catch((error: unknown) => error)
      if (failed instanceof AuthError) errors.push(failed, failed.cause, failed.stack, JSON.stringify(failed))
    }

    const refusals = replies.filter(({ status }) => status >= 400 && status !== 500)
    expect(refusals.length).toBeGreaterThan(30)
    expect(events.filter(({ type }) => type === 'refused').length).toBeGreaterThanOrEqual(refusals.length)

    const wire = inspect(replies, { depth: 9, maxArrayLength: null, maxStringLength: null })
    // The events, once more, and those that only a channel carries.
    expect(heard.length).toBeGreaterThan(events.length)
    const told = inspect([events, heard, errors, server, server.status()], {
      depth: 9,
      maxArrayLength: null,
      maxStringLength: null,
    })
    for (const secret of [...sent, SECRET, Buffer.from(`client:${SECRET}`).toString('base64')]) {
      expect([secret, wire.includes(secret), told.includes(secret)]).toEqual([secret, false, false])
    }
    // Nor whose tokens they were.
    for (const whose of ['test-user', 'test-client']) expect(JSON.stringify([events, heard])).not.toContain(whose)
    expect(wire).not.toContain(new URL(as.issuer).host)
  })
})
