// The page's server: what it sends, what it takes, and from whom.
import { request } from 'node:http'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Frame } from '../../examples/outage-lab/src/frame.ts'
import { type Lab, startLab } from '../../examples/outage-lab/src/lab.ts'
import { post, recordingOf } from './world.ts'

let lab: Lab

beforeAll(async () => {
  // Nobody sends anything, and frames are taken by hand.
  lab = await startLab({ interval: 3_600_000, load: { rate: 0 } })
  for (let count = 0; count < 5; count += 1) lab.frame()
  return () => lab.close()
})

interface Event {
  readonly id: string | undefined
  readonly event: string
  readonly data: unknown
}

/** So many of the events that a reader gets first. */
async function events(count: number, lastEventId?: string): Promise<readonly Event[]> {
  const leaving = new AbortController()
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const response = await fetch(`${lab.url}/events`, { headers, signal: leaving.signal })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const read: Event[] = []
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop()!
    read.push(...blocks.filter((block) => block.includes('event:')).map(eventOf))
    if (read.length >= count) break
  }
  leaving.abort()
  return read
}

function eventOf(block: string): Event {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  return { id: fields.get('id'), event: fields.get('event')!, data: JSON.parse(fields.get('data')!) }
}

/** A request as any program can send it: `fetch` does not let us choose the Host. */
function raw(method: string, path: string, headers: Record<string, string>, body = ''): Promise<number | undefined> {
  const { port } = new URL(lab.url)
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    outgoing.on('error', reject).end(body)
  })
}

describe('events', () => {
  test('begin with the state, and go on with every frame that is kept', async () => {
    const [hello, ...frames] = await events(6)
    expect(hello).toMatchObject({ event: 'hello', data: { run: lab.state.run, weather: 'healthy' } })
    expect(frames.map(({ data }) => (data as Frame).seq)).toEqual([1, 2, 3, 4, 5])
    expect(frames[0]).toMatchObject({ event: 'frame', id: `${lab.state.run}-1` })
  })

  test('a reader that comes back gets what it missed', async () => {
    const [, ...missed] = await events(3, `${lab.state.run}-3`)
    expect(missed.map(({ data }) => (data as Frame).seq)).toEqual([4, 5])
  })

  test('a reader of an earlier run gets everything', async () => {
    const [, ...frames] = await events(6, 'another-4')
    expect(frames.map(({ data }) => (data as Frame).seq)).toEqual([1, 2, 3, 4, 5])
  })
})

describe('commands', () => {
  test('do as they say, and answer with the state', async () => {
    expect(await post(lab.url, '/weather', { weather: 'slow' })).toMatchObject({ weather: 'slow' })
    expect(await post(lab.url, '/weather', { weather: 'healthy' })).toMatchObject({ weather: 'healthy' })
    const { load } = await post(lab.url, '/load', { jwtShare: 0.25 })
    expect(load).toEqual({ rate: 0, jwtShare: 0.25, oneShotShare: 0.1, flood: 0 })
    expect((await post(lab.url, '/scenario', { scenario: 'flood' })).scenario).toMatchObject({ name: 'flood' })
    expect((await post(lab.url, '/scenario', { scenario: null })).scenario).toBeNull()
  })

  test.each([
    ['/weather', { weather: 'sunny' }, '"weather" is one of healthy'],
    ['/weather', { weather: 'toString' }, '"weather" is one of healthy'],
    ['/weather', { weather: 'slow', and: 1 }, 'there is no "and"'],
    ['/action', { action: 'party' }, '"action" is one of rotate-keys'],
    ['/load', { rate: 1e9 }, '"rate" is a number from 0 to 200'],
    ['/load', { rate: '5' }, '"rate" is a number from 0 to 200'],
    ['/load', { toString: 5 }, 'there is no "toString"'],
    ['/scenario', { scenario: 'unknown' }, '"scenario" is one of outage-and-recovery'],
    ['/scenario', [], 'the body is not a JSON object'],
  ])('%s refuses %j', async (path, body, problem) => {
    const before = lab.state
    await expect(post(lab.url, path as '/load', body as never)).rejects.toThrow(problem)
    expect(lab.state).toEqual(before)
  })

  test('are not read without end', async () => {
    await expect(post(lab.url, '/load', { rate: 1, long: 'x'.repeat(5_000) } as never)).rejects.toThrow('too long')
  })
})

describe('who may speak to it', () => {
  const JSON_TYPE = { 'content-type': 'application/json' }
  const body = '{"weather":"down"}'

  test.each([
    ['a name that was made to lead here', { host: 'evil.example', ...JSON_TYPE }],
    ['a page of another site', { origin: 'https://evil.example', ...JSON_TYPE }],
    ['a page without an origin of its own', { origin: 'null', ...JSON_TYPE }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1', ...JSON_TYPE }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['text that a page may send without asking', { 'content-type': 'text/plain' }],
  ])('not %s', async (_who, headers) => {
    const { host } = new URL(lab.url)
    expect(await raw('POST', '/weather', { host, ...headers }, body)).toBe(403)
    expect(lab.state.weather).toBe('healthy')
  })

  test('nor may a foreign name read anything', async () => {
    for (const path of ['/', '/state', '/events', '/recording'])
      expect(await raw('GET', path, { host: 'evil.example' }), path).toBe(403)
  })

  test('localhost is this machine, too', async () => {
    const { port } = new URL(lab.url)
    expect(await raw('GET', '/state', { host: `localhost:${port}` })).toBe(200)
  })

  test('other methods are not for it', async () => {
    const { host } = new URL(lab.url)
    expect(await raw('PUT', '/state', { host })).toBe(405)
    expect(await raw('POST', '/state', { host, ...JSON_TYPE }, '{}')).toBe(405)
  })
})

describe('files', () => {
  test('are those of the page, under a strict policy', async () => {
    const response = await fetch(lab.url)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test.each([
    '/../package.json',
    '/%2e%2e/package.json',
    '/nowhere.js',
    '/index.html/',
    '/.hidden.js',
    '//package.html',
  ])('but not %s', async (path) => {
    const { host } = new URL(lab.url)
    expect(await raw('GET', path, { host })).toBe(404)
  })
})

test('the recording holds the frames that are kept, and what explains them', async () => {
  const { format, lab: state, frames } = await recordingOf(lab.url)
  expect(format).toBe('holdfast-outage-lab/1')
  expect(state.variants.map(({ name }) => name)).toEqual(['express', 'koa', 'ttl', 'none'])
  expect(frames.length).toBeGreaterThan(0)
})

test('both Holdfast APIs have metrics', async () => {
  const { variants } = lab.state
  expect(variants.filter(({ metrics }) => metrics !== null)).toEqual(variants.filter(({ holdfast }) => holdfast))
  for (const { metrics } of variants.filter(({ holdfast }) => holdfast)) {
    const response = await fetch(metrics!)
    expect(await response.text()).toContain('holdfast_')
  }
})
