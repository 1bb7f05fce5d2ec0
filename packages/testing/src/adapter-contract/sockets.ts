import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type IncomingMessage, request as send } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { AuthError, type ResourceServer } from '@holdfast/core'
import type { Case } from './case.ts'
import { bearer } from './client.ts'
import { REALM, subject, unreachable, whoami, withDpop } from './world.ts'

/** Connections: slow, kept, cut, upgraded. */
export const sockets: readonly Case[] = [
  {
    name: "a client that leaves while the authorization server is slow ends its own wait and nobody else's",
    async work({ as, server, start }) {
      const reached: string[] = []
      const resource = server()
      await resource.ready()
      const client = await start([
        { is: 'protect', server: resource },
        whoami({
          handle: ({ auth }) => {
            reached.push(auth().subject ?? '')
            return { status: 200, text: 'reached' }
          },
        }),
      ])
      const token = bearer(as.opaque({ sub: 'alice' }))
      as.slow(300)
      const left = leave(client.origin, token)
      const staying = client.get('/whoami', token)
      await left
      assert.equal((await staying).status, 200)
      await setTimeout(50)
      assert.deepEqual(reached, ['alice'])
      assert.equal(as.calls.introspection, 1)
    },
  },
  {
    name: 'a client that leaves before the authorization server turns out to be down harms nobody',
    async work({ as, server, start }) {
      const heard: unknown[] = []
      const resource = server({ resilience: { wait: '200ms' } })
      await resource.ready()
      const route = unreachable()
      const client = await start({
        steps: [{ is: 'protect', server: resource, options: { onRefusal: 'next' } }, route],
        onError(error) {
          heard.push(error)
          return { status: 503, text: 'mine' }
        },
      })
      const token = bearer(as.opaque())
      as.slow(2_000)
      await leave(client.origin, token)
      assert.equal((await client.get('/whoami', token)).status, 503)
      assert.deepEqual([heard.length, route.calls()], [1, 0])
    },
  },
  {
    name: 'a client that leaves while a guard waits is not served',
    async work({ as, server, start }) {
      const route = unreachable()
      const { promise, open } = gate()
      const slow = async (): Promise<true> => promise.then(() => true as const)
      const client = await start([{ is: 'protect', server: server() }, { is: 'guard', guards: [slow] }, route])
      const token = bearer(as.opaque())
      await leave(client.origin, token)
      open()
      await setTimeout(20)
      assert.equal(route.calls(), 0)
      assert.equal((await client.get('/whoami', token)).status, 200)
    },
  },
  {
    name: 'a request body waits untouched while the token is verified',
    async work({ as, server, start }) {
      const client = await start([
        { is: 'protect', server: server() },
        whoami({
          method: 'POST',
          handle: async ({ body }) => {
            const hash = createHash('sha256')
            for await (const chunk of body) hash.update(chunk as Buffer)
            return { status: 200, text: hash.digest('hex') }
          },
        }),
      ])
      const body = Buffer.alloc(1_000_000, 'holdfast ')
      const digest = createHash('sha256').update(body).digest('hex')
      as.slow(100)
      const token = bearer(as.opaque())
      for (const _ of ['waits', 'does not wait']) {
        const received = await client.send({ method: 'POST', path: '/whoami', headers: token, body })
        assert.deepEqual([received.status, received.body], [200, digest])
      }
    },
  },
  {
    name: 'a refused request with a body leaves the connection usable',
    async work({ as, server, start, connection: agent }) {
      const client = await start([{ is: 'protect', server: server() }, whoami()])
      const body = Buffer.alloc(10_000, 'x')
      const refused = await client.send({ method: 'POST', path: '/whoami', body, agent })
      const accepted = await client.send({ path: '/whoami', headers: bearer(as.opaque()), agent })
      assert.deepEqual([refused.status, accepted.status, refused.port === accepted.port], [401, 200, true])
    },
  },
  {
    name: 'nothing is remembered for a connection: a token that expires between two requests is refused',
    async work({ as, server, start, connection: agent }) {
      const client = await start([{ is: 'protect', server: server() }, whoami({ handle: subject })])
      const headers = bearer(as.jwt({ sub: 'alice' }))
      const before = await client.send({ path: '/whoami', headers, agent })
      const without = await client.send({ path: '/whoami', agent })
      await as.clock.advance('2h')
      const after = await client.send({ path: '/whoami', headers, agent })
      assert.deepEqual([before.status, without.status, after.status], [200, 401, 401])
      assert.match(after.headers['www-authenticate'] ?? '', /error="invalid_token"/)
      assert.deepEqual([before.port === after.port, before.port === without.port], [true, true])
    },
  },
  {
    name: 'an upgrade request is authenticated as it stands, before anything is upgraded',
    async work({ as, server, start }) {
      const resource = server()
      const client = await start({
        steps: [{ is: 'protect', server: resource }, whoami()],
        onUpgrade: (request, socket) => void upgrade(resource, request, socket),
      })
      const accepted = await upgraded(client.origin, bearer(as.opaque({ sub: 'alice' })))
      assert.deepEqual(accepted, { status: 101, challenge: undefined, first: 'alice' })
      const nobody = await upgraded(client.origin, [])
      assert.deepEqual(nobody, { status: 401, challenge: withDpop(`Bearer ${REALM}`), first: '{}' })
      const forged = await upgraded(client.origin, bearer('never-issued'))
      assert.equal(forged.status, 401)
    },
  },
]

/** Asks, and leaves before an answer. */
async function leave(origin: string, headers: readonly string[]): Promise<void> {
  const request = send(`${origin}/whoami`, { headers: ['host', 'localhost', ...headers], agent: false })
  const left = new Promise((resolve) => request.once('close', resolve))
  request.on('error', () => undefined).end()
  await setTimeout(100)
  request.destroy()
  await left
  await setTimeout(20)
}

function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  const opens: (() => void)[] = []
  const promise = new Promise<void>((resolve) => void opens.push(resolve))
  return { promise, open: () => opens.forEach((open) => open()) }
}

/** What an application writes: no framework sees an upgrade, and Node's request is all that `authenticate` needs. */
async function upgrade(server: ResourceServer, request: IncomingMessage, socket: Duplex): Promise<void> {
  socket.on('error', () => socket.destroy())
  try {
    const auth = await server.authenticate(request)
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.end(auth.subject)
  } catch (error) {
    const { status, headers, body } = server.answer(error)
    const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' })
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    assert.ok(error instanceof AuthError)
    socket.end(`HTTP/1.1 ${status} ${error.code}\r\n${head}\r\n${body}`)
  }
}

interface Upgraded {
  readonly status: number | undefined
  readonly challenge: string | undefined
  readonly first: string
}

function upgraded(origin: string, headers: readonly string[]): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const wanted = ['host', 'localhost', 'connection', 'Upgrade', 'upgrade', 'echo', ...headers]
    const request = send(`${origin}/socket`, { headers: wanted, agent: false })
    const settle = (message: IncomingMessage, stream: Duplex, head: Buffer): void => {
      let first = head.toString()
      stream.on('data', (chunk: Buffer) => void (first += chunk.toString()))
      stream.on('end', () =>
        resolve({ status: message.statusCode, challenge: message.headers['www-authenticate'], first }),
      )
    }
    request.on('upgrade', settle)
    request.on('response', (message) => settle(message, message as unknown as Duplex, Buffer.alloc(0)))
    request.on('error', reject)
    request.end()
  })
}
