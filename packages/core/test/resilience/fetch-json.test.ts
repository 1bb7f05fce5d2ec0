import { expect, test } from 'vitest'
import { type Document, fetchJson } from '../../src/resilience/fetch-json.ts'
import { LoadTrouble } from '../../src/resilience/last-good.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { json, type Reply, ScriptedHttp, status } from '../support/scripted-http.ts'

const URL = 'https://as.example/document'
const DATE = 'Fri, 15 Jan 2027 08:00:00 GMT'

function setUp() {
  const http = new ScriptedHttp()
  const ports = { http, clock: new ManualClock() }
  return {
    http,
    answer: (reply: Parameters<ScriptedHttp['on']>[1] | Reply) => void http.on(URL, reply),
    get: (known?: Document, url = URL) =>
      fetchJson({ url, accept: 'application/json', deadline: 1_000, lane: 'test', known }, ports),
    /** The conditions of the last request. */
    sent: () => {
      const { accept: _, ...others } = http.calls.at(-1)!.headers
      return others
    },
  }
}

/** What a document with these fields leads to. */
async function conditions(headers: Record<string, string>): Promise<object> {
  const { answer, get, sent } = setUp()
  answer(json({ a: 1 }, { headers }))
  await get(await get())
  return sent()
}

test('a first request has no condition', async () => {
  const { answer, get, sent } = setUp()
  answer(json({}))
  await get()
  expect(sent()).toEqual({})
}) // JK-26

test.each(['"v1"', '""', 'W/"v1"', '"a,b!c"', `"${'a'.repeat(256)}"`])(
  'the entity tag %s is sent back',
  async (etag) => {
    expect(await conditions({ etag })).toEqual({ 'if-none-match': etag })
  },
) // JK-26

test.each(['v1', '"v1', '"a"b"', 'w/"v1"', '"a b"', '"\u00e9"', `"${'a'.repeat(257)}"`, '"a", "b"', '*', ''])(
  'what is no single entity tag, %s, is not',
  async (etag) => {
    expect(await conditions({ etag })).toEqual({})
  },
) // JK-26

test('a date of modification is sent back as it was written, and nothing else is', async () => {
  expect(await conditions({ 'last-modified': DATE })).toEqual({ 'if-modified-since': DATE })
  expect(await conditions({ 'last-modified': DATE, etag: '"v1"' })).toEqual({
    'if-modified-since': DATE,
    'if-none-match': '"v1"',
  })
  for (const wrong of ['today', '0', `${DATE} `, '2027-01-15T08:00:00Z', ''])
    expect(await conditions({ 'last-modified': wrong })).toEqual({})
}) // JK-26

test('304 gives the document that is known, with newer fields', async () => {
  const { answer, get } = setUp()
  answer(json({ a: 1 }, { headers: { etag: '"v1"', age: '50', 'cache-control': 'max-age=60', date: DATE } }))
  const known = await get()
  answer(status(304, { 'cache-control': 'max-age=90', etag: '"v2"' }))
  const again = await get(known)
  expect(again).toMatchObject({ url: URL, text: '{"a":1}' })
  expect(again.json).toBe(known.json)
  expect(again.headers).toMatchObject({ 'cache-control': 'max-age=90', etag: '"v2"', date: DATE, age: undefined })
}) // JK-26

test('200 replaces it', async () => {
  const { answer, get } = setUp()
  answer(json({ a: 1 }, { headers: { etag: '"v1"' } }))
  const known = await get()
  answer(json({ a: 2 }))
  expect(await get(known)).toMatchObject({ json: { a: 2 }, headers: { 'content-type': 'application/json' } })
}) // JK-26

test('304 without a condition is trouble', async () => {
  const { answer, get } = setUp()
  answer(status(304))
  await expect(get()).rejects.toThrow(LoadTrouble)
  answer(json({ a: 1 }))
  const known = await get()
  answer(status(304))
  await expect(get(known)).rejects.toMatchObject({ trouble: 'status_304' })
}) // JK-26

test('a document of another address is none that is known', async () => {
  const { http, answer, get, sent } = setUp()
  answer(json({ a: 1 }, { headers: { etag: '"v1"' } }))
  const known = await get()
  http.on('https://other.example/document', status(304))
  await expect(get(known, 'https://other.example/document')).rejects.toMatchObject({ trouble: 'status_304' })
  expect(sent()).toEqual({})
}) // JK-26
