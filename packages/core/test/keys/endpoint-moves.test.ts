import { expect, test } from 'vitest'
import type { Metadata } from '../../src/keys/discovery.ts'
import { watchEndpoints } from '../../src/keys/endpoint-moves.ts'

function metadata(members: Partial<Metadata> = {}): Metadata {
  return {
    jwksUri: 'https://as.example/keys',
    introspectionEndpoint: 'https://as.example/introspect',
    introspectionMtlsEndpoint: undefined,
    introspectionAuthMethods: undefined,
    introspectionAuthAlgorithms: undefined,
    acrValues: undefined,
    protectedResources: undefined,
    ...members,
  }
}

function setUp(pinned: boolean, byCertificate = false) {
  const moves: string[] = []
  const settled = watchEndpoints({
    pinned,
    byCertificate,
    moved: (endpoint, refused) => void moves.push(`${endpoint} ${refused ? 'refused' : 'moved'}`),
  })
  let held: Metadata | undefined
  return {
    moves,
    /** What is held after another document; `undefined` members are removed. */
    load: (members: Partial<Metadata> = {}, previous: Metadata | undefined = held): Metadata =>
      (held = settled(metadata(members), previous)),
  }
}

const EVIL = 'https://evil.example/keys'

test('the first document moves nothing, nor does the same one again', () => {
  const { load, moves } = setUp(true)
  load()
  load()
  expect(moves).toEqual([])
}) // DI-21

test('a document that is accepted is the same object', () => {
  const given = metadata({ jwksUri: EVIL })
  expect(watchEndpoints({ pinned: false, moved: () => undefined })(given, metadata())).toBe(given)
})

test('a change is told once, and again when it is undone', () => {
  const { load, moves } = setUp(false)
  load()
  load({ jwksUri: EVIL })
  load({ jwksUri: EVIL })
  load()
  expect(moves).toEqual(['keys moved', 'keys moved'])
}) // DI-21

test('both introspection endpoints are one in events', () => {
  const { load, moves } = setUp(true)
  load({ introspectionMtlsEndpoint: 'https://mtls.example/i' })
  load({ introspectionMtlsEndpoint: 'https://mtls.example/j', introspectionEndpoint: 'https://evil.example/i' })
  expect(moves).toEqual(['introspection refused'])
}) // DI-21

test('a pin holds the origin: scheme, host and port', () => {
  for (const jwksUri of [EVIL, 'https://as.example:8443/keys', 'http://as.example/keys', 'https://as.example./keys']) {
    const { load, moves } = setUp(true)
    load()
    expect(load({ jwksUri }).jwksUri).toBe('https://as.example/keys')
    expect(moves).toEqual(['keys refused'])
  }
}) // DI-21

test('the path, and the default port, may change', () => {
  const { load, moves } = setUp(true)
  load()
  expect(load({ jwksUri: 'https://as.example:443/other' }).jwksUri).toBe('https://as.example:443/other')
  expect(moves).toEqual(['keys moved'])
}) // DI-21

test('a pin outlives documents that name nothing, or something that must not be called', () => {
  const { load } = setUp(true)
  load()
  expect(load({ jwksUri: undefined }).jwksUri).toBeUndefined()
  expect(load({ jwksUri: null }).jwksUri).toBeNull()
  expect(load({ jwksUri: EVIL }).jwksUri).toBe('https://as.example/keys')
  expect(load({ jwksUri: 'https://as.example/new' }).jwksUri).toBe('https://as.example/new')
  expect(load({ jwksUri: EVIL }).jwksUri).toBe('https://as.example/new')
}) // DI-21

test('an endpoint that was never named is pinned when it first is', () => {
  const { load, moves } = setUp(true)
  load({ jwksUri: undefined })
  expect(load({ jwksUri: EVIL }).jwksUri).toBe(EVIL)
  expect(load().jwksUri).toBe(EVIL)
  expect(moves).toEqual(['keys moved', 'keys refused'])
}) // DI-21

test('what an earlier process knew is a pin', () => {
  const { load, moves } = setUp(true)
  expect(load({ jwksUri: EVIL }, metadata()).jwksUri).toBe('https://as.example/keys')
  expect(moves).toEqual(['keys refused'])
}) // DI-21

test('an endpoint for certificates that is named later is held to the one that was called before', () => {
  const { load, moves } = setUp(true, true)
  load()
  expect(load({ introspectionMtlsEndpoint: 'https://evil.example/i' }).introspectionMtlsEndpoint).toBeUndefined()
  load({ introspectionEndpoint: undefined, introspectionMtlsEndpoint: undefined })
  expect(load({ introspectionMtlsEndpoint: 'https://evil.example/j' }).introspectionMtlsEndpoint).toBeUndefined()
  expect(load({ introspectionMtlsEndpoint: 'https://as.example/i' }).introspectionMtlsEndpoint).toMatch('as.example')
  expect(moves).toEqual([
    'introspection refused',
    'introspection moved',
    'introspection refused',
    'introspection moved',
  ])
}) // DI-21

test('it is free in the first document, and where nobody calls it', () => {
  const mtls = { introspectionMtlsEndpoint: 'https://mtls.example/i' }
  expect(setUp(true, true).load(mtls)).toMatchObject(mtls)
  const { load, moves } = setUp(true)
  load()
  expect(load(mtls)).toMatchObject(mtls)
  expect(moves).toEqual(['introspection moved'])
}) // DI-21
