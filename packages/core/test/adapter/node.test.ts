import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { NodeRequest } from '../../src/adapter/index.ts'

function requestWith(rawHeaders: string[], headers: Record<string, string>): NodeRequest {
  const message = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/x', rawHeaders, headers })
  return new NodeRequest(message, new ServerResponse(message), message.url, () => undefined)
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
