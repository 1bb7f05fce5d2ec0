import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, test } from 'vitest'
import { Ending } from '../../src/ports/ending.ts'
import { HttpError, type HttpRequest, type HttpResponse } from '../../src/ports/http.ts'
import { undiciHttp } from '../../src/ports/undici-http.ts'

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

interface Listening {
  listen(port: number, host: string, listening: () => void): unknown
  close(closed: () => void): unknown
  address(): unknown
}

async function listen(server: Listening, protocol = 'http', host = '127.0.0.1'): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        ;(server as Partial<Server>).closeAllConnections?.()
      }),
  )
  return `${protocol}://${host}:${(server.address() as AddressInfo).port}`
}

const serve = (listener: RequestListener): Promise<string> => listen(createServer(listener))

/** A server that speaks bytes: each connection is given to the test. */
async function tcp(connected: (socket: Socket, count: number) => void): Promise<string> {
  let count = 0
  const sockets: Socket[] = []
  const server = createTcpServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    connected(socket, (count += 1))
  })
  const origin = await listen(server)
  endings.push(async () => sockets.forEach((socket) => socket.destroy()))
  return origin
}

function port(options: Partial<Parameters<typeof undiciHttp>[0]> = {}) {
  const http = undiciHttp({ connections: 5, connectTimeout: 500, ...options })
  endings.push(() => http.close())
  return {
    http,
    send: (url: string, request: Partial<HttpRequest> = {}): Promise<HttpResponse> =>
      http.send({
        method: 'GET',
        url,
        headers: {},
        lane: 'test',
        maxBytes: 1_000,
        signal: new AbortController().signal,
        ...request,
      }),
  }
}

const errorOf = (sent: Promise<HttpResponse>): Promise<HttpError> =>
  sent.then(
    () => expect.fail('it was answered'),
    (error: unknown) => (error instanceof HttpError ? error : expect.fail(String(error))),
  )
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'

describe('an exchange', () => {
  test('method, path, headers and body go out; status, headers and body come back', async () => {
    const origin = await serve((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += chunk))
      request.on('end', () => {
        response.writeHead(201, { 'Content-Type': 'application/json', 'X-Twice': ['a', 'b'] })
        response.end(JSON.stringify([request.method, request.url, request.headers['x-a'], body]))
      })
    })
    const answer = await port().send(`${origin}/p?q=1`, { method: 'POST', headers: { 'x-a': '1' }, body: 'hello' })
    expect([answer.status, answer.headers['content-type'], answer.headers['x-twice']]).toEqual([
      201,
      'application/json',
      'a, b',
    ])
    expect(JSON.parse(answer.body.toString())).toEqual(['POST', '/p?q=1', '1', 'hello'])
  })

  test('a redirect is an answer and is not followed', async () => {
    const seen: (string | undefined)[] = []
    const origin = await serve((request, response) => {
      seen.push(request.url)
      response.writeHead(302, { location: '/other' }).end()
    })
    expect([(await port().send(`${origin}/first`)).status, seen]).toEqual([302, ['/first']])
  }) // IN-22, JK-37

  test('a body of exactly the allowed size is read', async () => {
    const origin = await serve((_, response) => void response.end('x'.repeat(1_000)))
    expect((await port().send(origin)).body.length).toBe(1_000)
  }) // IN-23

  test('a longer body is too large, whatever length was announced', async () => {
    const origin = await serve((_, response) => {
      response.write('x'.repeat(700))
      response.end('x'.repeat(301))
    })
    expect((await errorOf(port().send(origin))).kind).toBe('too_large')
  }) // IN-23, JK-36

  test('interim answers are passed over', async () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'
    const origin = await tcp((socket) => socket.once('data', () => socket.write(interim + OK)))
    const answer = await port().send(origin)
    expect([answer.status, answer.headers['link'], answer.body.toString()]).toEqual([200, undefined, '{}'])
  })

  test('a server whose body was too large is still spoken to', async () => {
    const origin = await serve(
      (request, response) => void response.end('x'.repeat(request.url === '/long' ? 9_999 : 1)),
    )
    const { send } = port({ connections: 1 })
    await errorOf(send(`${origin}/long`))
    expect((await send(`${origin}/short`)).body.length).toBe(1)
  })
})

describe('the deadline', () => {
  test('the signal ends a silent server', async () => {
    const origin = await serve(() => undefined)
    expect((await errorOf(port().send(origin, { signal: AbortSignal.timeout(50) }))).kind).toBe('timeout')
  }) // IN-23

  test('the signal ends a slow drip', async () => {
    const origin = await serve((_, response) => {
      const drip = setInterval(() => response.write('x'), 5)
      response.on('close', () => clearInterval(drip))
    })
    expect((await errorOf(port().send(origin, { signal: AbortSignal.timeout(60) }))).kind).toBe('timeout')
  }) // IN-23

  test('so does an ending, and a signal that was put in its place', async () => {
    const origin = await serve(() => undefined)
    const { http } = port()
    const asked = { method: 'GET', url: origin, headers: {}, lane: 'test', maxBytes: 1 } as const
    const ending = new Ending()
    const ended = errorOf(http.send(ending.bind({ ...asked, ending })))
    setTimeout(() => ending.end(), 50)
    expect((await ended).kind).toBe('timeout')
    const other = new Ending()
    const request = { ...other.bind({ ...asked, ending: other }), signal: AbortSignal.timeout(50) }
    expect([(await errorOf(http.send(request))).kind, other.over]).toEqual(['timeout', false])
  }) // IN-23

  test('a signal that fired before sends nothing', async () => {
    let asked = 0
    const origin = await serve((_, response) => {
      asked += 1
      response.end()
    })
    await errorOf(port().send(origin, { signal: AbortSignal.abort() }))
    expect(asked).toBe(0)
  })
})

describe('failures', () => {
  test('nobody listens', async () => {
    const server = createTcpServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port: free } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    expect((await errorOf(port().send(`http://127.0.0.1:${free}`))).kind).toBe('connect')
  }) // IN-43

  test('a name that does not exist', async () => {
    expect(['dns', 'connect']).toContain((await errorOf(port().send('http://nowhere.invalid/'))).kind)
  }) // IN-43

  test('bytes that are no HTTP', async () => {
    const origin = await tcp((socket) => socket.end('hello\r\n\r\n'))
    expect((await errorOf(port().send(origin))).kind).toBe('protocol')
  }) // IN-43

  test('a body that is cut short', async () => {
    const origin = await tcp((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx')),
    )
    expect(await errorOf(port().send(origin))).toMatchObject({ kind: 'reset', reusedSocket: false })
  }) // NG-104

  test('its message is its kind, and the cause is kept from serializers', async () => {
    const origin = await tcp((socket) => socket.destroy())
    const error = await errorOf(port().send(origin))
    expect([error.message, JSON.stringify(error)]).toEqual(['reset', expect.not.stringContaining('127.0.0.1')])
  }) // XC-08
})

describe('sockets', () => {
  test('they are used again', async () => {
    let connections = 0
    const server = createServer((_, response) => void response.end('x'))
    server.on('connection', () => (connections += 1))
    const origin = await listen(server)
    const { send } = port({ connections: 1 })
    for (let i = 0; i < 5; i += 1) await send(origin)
    expect(connections).toBe(1)
  })

  test('there are no more of them than allowed', async () => {
    let open = 0
    let most = 0
    const origin = await serve((_, response) => {
      open += 1
      most = Math.max(most, open)
      setTimeout(() => {
        open -= 1
        response.end()
      }, 10)
    })
    const { send } = port({ connections: 3 })
    await Promise.all(Array.from({ length: 12 }, () => send(origin)))
    expect(most).toBe(3)
  }) // IN-49

  test('a new socket that is closed before it answers was not used before', async () => {
    const origin = await tcp((socket) => socket.once('data', () => socket.destroy()))
    expect(await errorOf(port().send(origin))).toMatchObject({ kind: 'reset', reusedSocket: false })
  }) // IN-50

  test.each([
    ['closed', (socket: Socket) => socket.destroy()],
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('a socket that served before and is %s before it answers again was reused', async (_, end) => {
    const origin = await tcp((socket) => {
      socket.once('data', () => {
        socket.write(OK)
        socket.once('data', () => end(socket))
      })
    })
    const { send } = port({ connections: 1 })
    await send(origin)
    expect(await errorOf(send(origin))).toMatchObject({ kind: 'reset', reusedSocket: true })
  }) // IN-50

  test('a socket that breaks off in the middle of an answer is no case for a repetition', async () => {
    const origin = await tcp((socket) => {
      socket.once('data', () => {
        socket.write(OK)
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'))
      })
    })
    const { send } = port({ connections: 1 })
    await send(origin)
    expect(await errorOf(send(origin))).toMatchObject({ kind: 'reset', reusedSocket: false })
  }) // IN-50
})

describe('lanes', () => {
  test('one that hangs does not hold up another to the same origin; within one, exchanges wait for a socket', async () => {
    const waiting: (() => void)[] = []
    const origin = await serve((request, response) => {
      if (request.url === '/hangs') waiting.push(() => void response.end('{}'))
      else response.end('{}')
    })
    const { send } = port({ connections: 1 })
    const hangs = send(`${origin}/hangs`, { lane: 'a' })
    expect((await send(`${origin}/other`, { lane: 'b' })).status).toBe(200)
    let answered = false
    const queued = send(`${origin}/other`, { lane: 'a' }).then(() => (answered = true))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(answered).toBe(false)
    for (const end of waiting) end()
    await Promise.all([hangs, queued])
  }) // XC-22

  test('one keeps its socket', async () => {
    const sockets = new Set<unknown>()
    const origin = await serve((request, response) => {
      sockets.add(request.socket)
      response.end('{}')
    })
    const { send } = port({ connections: 1 })
    for (let i = 0; i < 3; i += 1) await send(origin, { lane: 'a' })
    expect(sockets.size).toBe(1)
    await send(origin, { lane: 'b' })
    expect(sockets.size).toBe(2)
  })
})

const certificate = (name: string) =>
  generate([{ name: 'commonName', value: name }], {
    keySize: 2_048,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  })

describe('TLS', () => {
  test('a certificate of an unknown authority is refused', async () => {
    const { private: key, cert } = await certificate('localhost')
    const origin = await listen(createTlsServer({ key, cert }), 'https', 'localhost')
    expect((await errorOf(port().send(origin))).kind).toBe('tls')
  }) // IN-04, DI-08

  test('a certificate of a configured authority is taken', async () => {
    const { private: key, cert } = await certificate('localhost')
    const origin = await listen(
      createTlsServer({ key, cert }, (_, response) => void response.end('x')),
      'https',
      'localhost',
    )
    expect((await port().send(origin, { tls: { ca: cert } })).status).toBe(200)
  }) // CA-19

  test('a certificate for another name is refused', async () => {
    const { private: key, cert } = await certificate('other.example')
    const origin = await listen(createTlsServer({ key, cert }), 'https', 'localhost')
    expect((await errorOf(port().send(origin, { tls: { ca: cert } }))).kind).toBe('tls')
  }) // IN-04

  test('our own certificate is shown to who asks for it', async () => {
    const server = await certificate('localhost')
    const ours = await certificate('client')
    const origin = await listen(
      createTlsServer(
        { key: server.private, cert: server.cert, ca: ours.cert, requestCert: true, rejectUnauthorized: true },
        (request, response) => {
          const socket = request.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }
          response.end(socket.getPeerCertificate().subject.CN)
        },
      ),
      'https',
      'localhost',
    )
    const tls = { ca: server.cert, cert: ours.cert, key: ours.private }
    expect((await port().send(origin, { tls })).body.toString()).toBe('client')
  }) // CA-12

  test('a certificate is not shown by requests that do not carry it', async () => {
    const server = await certificate('localhost')
    const ours = await certificate('client')
    const origin = await listen(
      createTlsServer(
        { key: server.private, cert: server.cert, ca: ours.cert, requestCert: true, rejectUnauthorized: false },
        (request, response) => {
          const socket = request.socket as unknown as { authorized: boolean }
          response.end(String(socket.authorized))
        },
      ),
      'https',
      'localhost',
    )
    const { send } = port()
    const withIt = await send(origin, { tls: { ca: server.cert, cert: ours.cert, key: ours.private } })
    const without = await send(origin, { tls: { ca: server.cert } })
    expect([withIt.body.toString(), without.body.toString()]).toEqual(['true', 'false'])
  }) // CA-12
})

/** Every name leads to these addresses. */
const leadingTo =
  (...addresses: string[]): NonNullable<Parameters<typeof undiciHttp>[0]['lookup']> =>
  (_, options, done) => {
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (options.all === true) done(null, all)
    else done(null, all[0]!.address, all[0]!.family)
  }

describe('private networks', () => {
  const denied = { denyPrivateNetworks: true }

  test('an address in the URL is judged', async () => {
    let connections = 0
    const origin = await tcp((socket) => {
      connections += 1
      socket.end(OK)
    })
    const { send } = port()
    const mapped = `http://[::ffff:127.0.0.1]:${new URL(origin).port}`
    for (const url of [origin, mapped, origin.replace('127.0.0.1', '0x7f.1'), 'http://[::1]:1'])
      expect((await errorOf(send(url, denied))).kind, url).toBe('address_denied')
    expect(connections).toBe(0)
    expect((await send(origin)).status).toBe(200)
  }) // NG-84, DI-27

  test('so is the address that a name leads to', async () => {
    const origin = await serve((_, response) => void response.end('x'))
    const named = origin.replace('127.0.0.1', 'as.example')
    const { send } = port({ lookup: leadingTo('127.0.0.1') })
    expect((await send(named)).status).toBe(200)
    expect((await errorOf(send(named, denied))).kind).toBe('address_denied')
    expect((await errorOf(send(origin.replace('127.0.0.1', 'localhost'), denied))).kind).toBe('address_denied')
    expect((await errorOf(port().send(origin.replace('127.0.0.1', 'localhost'), denied))).kind).toBe('address_denied')
  }) // NG-84, DI-27

  test('a socket that was opened without the rule does not serve a request with it', async () => {
    const origin = await serve((_, response) => void response.end('x'))
    const { send } = port()
    expect((await send(origin)).status).toBe(200)
    expect((await errorOf(send(origin, denied))).kind).toBe('address_denied')
  }) // NG-84

  test('a name that leads to several is refused where all of them are private', async () => {
    const { send } = port({ lookup: leadingTo('127.0.0.1', '::1', '192.0.2.1') })
    expect((await errorOf(send('http://as.example:1', denied))).kind).toBe('address_denied')
  }) // NG-84

  test('a name that does not exist is told as such', async () => {
    const { send } = port({
      lookup: (_, __, done) => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), ''),
    })
    expect((await errorOf(send('http://as.example', denied))).kind).toBe('dns')
  })
})

describe('closing', () => {
  test('exchanges under way end', async () => {
    const origin = await serve(() => undefined)
    const { http, send } = port()
    const error = errorOf(send(origin))
    await http.close()
    expect(await error).toBeInstanceOf(HttpError)
  }) // XC-16

  test('nothing is sent afterwards', async () => {
    let asked = 0
    const origin = await serve((_, response) => {
      asked += 1
      response.end()
    })
    const { http, send } = port()
    await http.close()
    expect([(await errorOf(send(origin))).kind, asked]).toEqual(['aborted', 0])
  }) // XC-16
})
