import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, test } from 'vitest'
import { type ChannelMessages, type ChannelName, CHANNELS, listen } from '../../src/ports/channels.ts'
import { failing } from '../support/scripted-http.ts'
import { AUDIENCE, bearer, world } from '../support/world.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

function heardOn<N extends ChannelName>(name: N): ChannelMessages[N][] {
  const heard: ChannelMessages[N][] = []
  ends.push(listen(name, (message) => void heard.push(message)))
  return heard
}

/** What Node makes of a listener's error ends a process: it is not to end this one. */
function uncaught(): unknown[] {
  const errors: unknown[] = []
  const earlier = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => void errors.push(error))
  ends.push(() => {
    process.removeAllListeners('uncaughtException')
    for (const one of earlier) process.on('uncaughtException', one)
  })
  return errors
}

describe('the channels', () => {
  test('are named after what they tell', () => {
    for (const [type, name] of Object.entries(CHANNELS)) expect(name).toBe(`holdfast:${type}`)
  })

  test('carry the events that an observer gets', async () => {
    const { server, as, events } = world()
    const heard = Object.values(CHANNELS)
      .filter((name) => name !== CHANNELS.accepted)
      .map((name) => heardOn(name))
    await server.authenticate(bearer(as.jwt()))
    await server.authenticate(bearer('opaque'))
    await server.authenticate(bearer('not a token')).catch(() => undefined)
    expect(events.map(({ type }) => type)).toContain('verified')
    expect(new Set(heard.flat())).toEqual(new Set(events))
    expect(heard.flat()).toHaveLength(events.length)
    expect(heard.flat().every((event) => Object.isFrozen(event))).toBe(true)
  })

  test('are heard without an observer', async () => {
    const { server } = world({ observe: undefined } as object)
    const refused = heardOn(CHANNELS.refused)
    await server.authenticate({ rawHeaders: [] }).catch(() => undefined)
    expect(refused).toMatchObject([{ reason: 'credentials_missing', hint: undefined }])
    await server.authenticate(bearer('no token')).catch(() => undefined)
    expect(refused).toHaveLength(2)
  })

  test('tell of every accepted token, and nothing of it', async () => {
    const { server, as, clock } = world()
    const accepted = heardOn(CHANNELS.accepted)
    const jwt = as.jwt()
    await server.authenticate(bearer(jwt))
    await clock.advance(1_000)
    server.tryAuthenticate(bearer(jwt))
    await server.authenticate(bearer('opaque'))
    as.down(failing('connect'))
    await clock.advance(100_000)
    const pending = server.authenticate(bearer('opaque'))
    await clock.advance(1_000)
    await pending
    const { issuer } = as
    expect(accepted).toEqual([
      { issuer, kind: 'jwt', source: 'live', stale: false },
      { issuer, kind: 'jwt', source: 'cache', stale: false, age: 1_000 },
      { issuer, kind: 'opaque', source: 'live', stale: false },
      { issuer, kind: 'opaque', source: 'cache', stale: true, age: 100_000 },
    ])
    expect(accepted.every((message) => Object.isFrozen(message))).toBe(true)
  })

  test('are quiet again once nobody listens', async () => {
    const { server, as } = world()
    const accepted: unknown[] = []
    const end = listen(CHANNELS.accepted, (message) => void accepted.push(message))
    end()
    end()
    await server.authenticate(bearer(as.jwt()))
    expect(accepted).toEqual([])
  })
})

describe('a listener that fails', () => {
  test('hurts nobody', async () => {
    const errors = uncaught()
    const { server, as } = world()
    for (const name of Object.values(CHANNELS)) {
      ends.push(
        listen(name, () => {
          throw new Error('a mistake of the listener')
        }),
        listen(name, () => Promise.reject(new Error('another')) as unknown as undefined),
      )
    }
    const heard = heardOn(CHANNELS.accepted)
    expect((await server.authenticate(bearer(as.jwt()))).audience).toEqual([AUDIENCE])
    expect(server.tryAuthenticate({ rawHeaders: [] })).toMatchObject({ status: 401 })
    await new Promise((resolve) => setImmediate(resolve))
    expect([heard.length, errors]).toEqual([1, []])
  })

  test('hurts no request where Node itself was asked to listen', async () => {
    const errors = uncaught()
    const mistake = new Error('a mistake of the listener')
    const listener = (): never => {
      throw mistake
    }
    const { server, as } = world()
    subscribe(CHANNELS.accepted, listener)
    ends.push(() => void unsubscribe(CHANNELS.accepted, listener))
    expect((await server.authenticate(bearer(as.jwt()))).audience).toEqual([AUDIENCE])
    await new Promise((resolve) => setImmediate(resolve))
    expect(errors).toEqual([mistake])
  })
})
