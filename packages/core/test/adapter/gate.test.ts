import { createGate, createInnerGate, type ProtectArguments } from '../../src/adapter/index.ts'
import { anyScope, createResourceServer, scope, type Store } from '../../src/index.ts'
import { afterEach, describe, expect, it, vi } from 'vitest'

const options = { issuer: 'https://login.example.com', audience: 'https://api.example.com' }
const server = createResourceServer(options)
const nobody = { method: 'GET', url: '/x', rawHeaders: [] }

describe('protect(), before any request', () => {
  it.each([
    ['a misspelt option', [{ optinal: true }], 'unknown option "optinal"; did you mean "optional"?'],
    ['optional that is no boolean', [{ optional: 'yes' }], 'option "optional" is "yes"; write true or false'],
    ['onRefusal that is neither', [{ onRefusal: 'throw' }], `option "onRefusal" is "throw"; write 'answer' or 'next'`],
    ['attach without a name', [{ attach: '' }], 'option "attach" is ""; write a non-empty text'],
    ['attach to what assignment would act on', [{ attach: '__proto__' }], 'write the name of a property'],
    ['challenge.scope that is no scope', [{ challenge: { scope: 'a"b' } }], 'write a space-separated list of scopes'],
    ['challenge with a misspelt member', [{ challenge: { scopes: 'a' } }], 'unknown option "challenge.scopes"'],
    ['a guard that is no function', [undefined], 'after the server come options, then guards'],
    ['guards on nobody', [{ optional: true }, scope('a')], '"optional" and guards contradict each other'],
  ])('refuses %s', (_, rest, message) => {
    expect(() => createGate(server, rest as unknown as ProtectArguments)).toThrow(message)
  })

  it.each([undefined, null, 'https://login.example.com'])('refuses %s for a server', (given) => {
    expect(() => createGate(given as never, [])).toThrow('write a server from createResourceServer()')
  })

  it('takes options of a server for the server', () => {
    expect(createGate({ ...options, audience: 'https://a.example.com' }, []).server.metadata?.url).toBe(
      'https://a.example.com/.well-known/oauth-protected-resource',
    )
  })
})

describe('warnings', () => {
  afterEach(() => vi.restoreAllMocks())

  it('says once more what a second server from equal options costs', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue()
    const twice = { ...options, audience: 'https://twice.example.com' }
    createGate(twice, [])
    expect(warned).not.toHaveBeenCalled()
    createGate(twice, [])
    expect(warned).toHaveBeenCalledWith(
      expect.stringContaining('two servers from equal options'),
      expect.objectContaining({ code: 'HOLDFAST_TWO_SERVERS' }),
    )
  })

  it('says once that a guard stands without protect', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue()
    const inner = createInnerGate([scope('a')])
    const passages = [await inner.enter({}, nobody), await inner.enter({}, nobody)]
    expect(passages.map((passage) => passage.is === 'answer' && passage.answer.status)).toEqual([500, 500])
    expect(warned).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining('protect() has not seen'),
      expect.objectContaining({ code: 'HOLDFAST_GUARD_WITHOUT_PROTECT' }),
    )
  })
})

const preflight = (...more: string[]) => ({
  method: 'OPTIONS',
  url: '/x',
  rawHeaders: ['Origin', 'https://app.example', 'Access-Control-Request-Method', 'POST', ...more],
})
const answered = { is: 'answer', error: undefined, handOn: false, answer: { status: 204, body: '' } }

describe('a preflight', () => {
  it.each([
    ['by default', []],
    ['before guards', [scope('a')]],
    ['where credentials are optional', [{ optional: true }]],
    ['where refusals go to the framework', [{ onRefusal: 'next' }]],
    ['where guards stand, whatever was asked for', [{ preflight: 'pass' }, scope('a')]],
  ])('is answered with 204, and allows nothing: %s', (_, rest) => {
    const passage = createGate(server, rest as unknown as ProtectArguments).enter({}, preflight())
    expect(passage).toMatchObject(answered)
    expect(JSON.stringify(passage).toLowerCase()).not.toContain('access-control')
  })

  it('passes without auth only where that was asked for', () => {
    const request = {}
    const passage = createGate(server, [{ preflight: 'pass' }]).enter(request, preflight())
    expect(passage).toMatchObject({ is: 'pass', seat: { auth: undefined } })
    expect(createInnerGate([scope('a')]).enter(request, preflight())).toMatchObject(answered)
  })

  it('is none with credentials: forged ones are refused, also where it would pass', () => {
    for (const rest of [[], [{ preflight: 'pass' }], [{ optional: true }]] as ProtectArguments[]) {
      const passage = createGate(server, rest).enter({}, preflight('authorization', 'Bearer opaque'))
      expect(passage).toMatchObject({ is: 'answer', answer: { status: 401 } })
    }
    for (const rest of [[], [{ preflight: 'pass' }]] as ProtectArguments[]) {
      const passage = createGate(server, rest).enter({}, preflight('Authorization', 'Basic eDp5'))
      expect(passage).toMatchObject({ is: 'answer', answer: { status: 401 } })
    }
  })

  it.each([
    ['GET', { ...preflight(), method: 'GET' }],
    ['no Origin', { ...preflight(), rawHeaders: ['Access-Control-Request-Method', 'POST'] }],
    ['no method asked for', { ...preflight(), rawHeaders: ['Origin', 'https://app.example'] }],
    ['two origins', preflight('Origin', 'https://other.example')],
  ])('is none with %s', (_, request) => {
    expect(createGate(server, [{ preflight: 'pass' }]).enter({}, request)).toMatchObject({ answer: { status: 401 } })
  })

  it('takes no other word for it', () => {
    expect(() => createGate(server, [{ preflight: 'skip' } as never])).toThrow(
      `option "preflight" is "skip"; write 'answer' or 'pass'`,
    )
  })
})

describe('a guard that nobody came to', () => {
  it('refuses with complete headers, also while the server still reads what was revoked', async () => {
    const loading: (() => void)[] = []
    const promise = new Promise<undefined>((resolve) => loading.push(() => resolve(undefined)))
    const store: Store = { load: () => promise, save: () => Promise.resolve() }
    const starting = createResourceServer({ ...options, store })
    const request = {}
    await createGate(starting, [{ optional: true, onRefusal: 'next' }]).enter(request, nobody)
    const waiting = createInnerGate([anyScope('a', 'b')]).enter(request, nobody)
    expect(waiting).toBeInstanceOf(Promise)
    loading.forEach((end) => end())
    const passage = await waiting
    expect(passage).toMatchObject({ is: 'answer', handOn: true })
    expect(passage.is === 'answer' && passage.error?.headers['www-authenticate']).toBe(
      'Bearer realm="https://api.example.com", scope="a", ' +
        'DPoP realm="https://api.example.com", algs="ES256 Ed25519 PS256 RS256", scope="a"',
    )
    await starting.close()
  })
})
