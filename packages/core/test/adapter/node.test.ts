import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { fieldsBeside, isGone, NodeRequest } from '../../src/adapter/index.ts'

function requestWith(rawHeaders: string[], headers: Record<string, string>): NodeRequest {
  const message = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/x', rawHeaders, headers })
  return new NodeRequest(message, new ServerResponse(message), message.url, {})
}

test('reads the field lines as they came, whatever earlier middleware made of them', () => {
  const request = requestWith(['Authorization', 'Bearer one', 'authorization', 'Bearer two'], {
    authorization: 'Bearer one',
  })
  expect(request.rawHeaders).toEqual(['Authorization', 'Bearer one', 'authorization', 'Bearer two']) // HT-14
})

test('reads the headers of a stand-in for a socket that fills in nothing else', () => {
  expect(requestWith([], { authorization: 'Bearer one' }).rawHeaders).toEqual(['authorization', 'Bearer one'])
})

test('reads what the framework knows only when it is asked', () => {
  const message = new IncomingMessage(new Socket())
  const read: string[] = []
  const framework = {
    get ip() {
      read.push('ip')
      return '203.0.113.7'
    },
    get secure() {
      read.push('secure')
      return true
    },
    get body() {
      read.push('body')
      return { access_token: 'a' }
    },
  }
  const request = new NodeRequest(message, new ServerResponse(message), '/x', framework)
  expect([request.url, read]).toEqual(['/x', []])
  expect([request.source, request.secure, request.body]).toEqual(['203.0.113.7', true, { access_token: 'a' }])
})

test.each([
  [undefined, 'A, B'],
  ['X', 'X, A, B'],
  ['b', 'b, A'],
  [['X', 'a , Y'], 'X, a, Y, B'],
  [7, '7, A, B'],
])('exposed names join %j: %s', (present, expected) => {
  const answer = { status: 401, headers: { 'access-control-expose-headers': 'A, B', 'x-other': '1' }, body: '' }
  const fields = fieldsBeside({ getHeader: () => present }, answer)
  expect(fields).toEqual([
    ['access-control-expose-headers', expected],
    ['x-other', '1'],
  ])
}) // CO-04

test('a challenge joins those that are there', () => {
  const answer = { status: 401, headers: { 'www-authenticate': 'Bearer realm="a"' }, body: '' }
  const beside = (present: string | string[] | undefined): unknown =>
    fieldsBeside({ getHeader: () => present }, answer)[0]![1]
  expect(beside(undefined)).toBe('Bearer realm="a"')
  expect(beside('Basic')).toEqual(['Basic', 'Bearer realm="a"'])
  expect(beside(['Basic', 'Digest'])).toEqual(['Basic', 'Digest', 'Bearer realm="a"'])
}) // HT-08

test.each([
  [{ destroyed: false, writableFinished: false }, false],
  [{ destroyed: true, writableFinished: false }, true],
  [{ destroyed: true, writableFinished: true }, false],
  // HTTP/2: a stream that was reset calls itself finished.
  [{ stream: { destroyed: false }, writableFinished: false, writableEnded: false }, false],
  [{ stream: { destroyed: true }, writableFinished: true, writableEnded: false }, true],
  [{ stream: { destroyed: true }, writableFinished: true, writableEnded: true }, false],
])('%j: the client is gone: %s', (response, expected) => {
  expect(isGone(response as unknown as ServerResponse)).toBe(expected)
}) // HT-22

test('takes texts and lists of texts for field lines, and nothing else', () => {
  const given = { a: ['one', 'two'], b: { toString: () => 'three' }, c: undefined, d: [['four']], e: 'five' }
  const { rawHeaders } = requestWith([], given as unknown as Record<string, string>)
  expect(rawHeaders).toEqual(['a', 'one', 'a', 'two', 'e', 'five']) // NG-114
})

test('finds the connection under HTTP/1.1 and under the streams of HTTP/2, as long as there is one', () => {
  const message = new IncomingMessage(new Socket())
  const peerOf = (changes: object): unknown => {
    const changed = Object.assign(Object.create(message) as IncomingMessage, changes)
    return new NodeRequest(changed, new ServerResponse(message), '/', {}).peer
  }
  const connection = new Socket()
  expect(peerOf({ httpVersionMajor: 1, socket: connection })).toBe(connection)
  expect(peerOf({ httpVersionMajor: 2, stream: { session: { socket: connection } } })).toBe(connection)
  expect(peerOf({ httpVersionMajor: 2, stream: { session: undefined } })).toBeUndefined()
  expect(peerOf({ httpVersionMajor: 2 })).toBeUndefined()
}) // MT-09
