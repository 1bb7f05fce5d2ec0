import { expect, test } from 'vitest'
import { type Answer, type Introspector, Trouble } from '../../src/introspection/introspector.ts'
import { limited } from '../../src/introspection/limited.ts'
import { settled } from '../support/manual-clock.ts'

/** An authority whose calls end when told to. */
function setUp(inFlight: number, waiting: number) {
  const begun: string[] = []
  const ends: ((error?: Error) => void)[] = []
  const inner: Introspector = {
    introspect: ({ token }) => {
      begun.push(token)
      return new Promise<Answer>((resolve, reject) => {
        ends.push((error) => (error ? reject(error) : resolve({ is: 'inactive' })))
      })
    },
  }
  const outer = limited(inner, { inFlight, waiting })
  return { begun, ends, ask: (token: string) => outer.introspect({ token }) }
}

test('no more calls are in flight than allowed', async () => {
  const { begun, ask } = setUp(2, 10)
  for (const token of ['a', 'b', 'c', 'd']) void ask(token)
  await settled()
  expect(begun).toEqual(['a', 'b'])
}) // IN-49

test('those who wait are served in the order they came', async () => {
  const { begun, ends, ask } = setUp(1, 10)
  for (const token of ['a', 'b', 'c']) void ask(token)
  await settled()
  for (let turn = 0; turn < 3; turn += 1) {
    ends[turn]!()
    await settled()
  }
  expect(begun).toEqual(['a', 'b', 'c'])
}) // IN-49

test('one call too many is shed at once', async () => {
  const { begun, ask } = setUp(1, 1)
  void ask('a')
  void ask('b')
  await expect(ask('c')).rejects.toMatchObject({ kind: 'overloaded' })
  expect(begun).toEqual(['a'])
}) // IN-49, NG-100

test('without a queue the next call is shed', async () => {
  const { ask } = setUp(1, 0)
  void ask('a')
  await expect(ask('b')).rejects.toMatchObject({ kind: 'overloaded' })
}) // IN-49

test('a call that fails gives its place to the next', async () => {
  const { begun, ends, ask } = setUp(1, 10)
  const failed = ask('a').catch((error: Trouble) => error.kind)
  void ask('b')
  await settled()
  ends[0]!(new Trouble('timeout'))
  expect(await failed).toBe('timeout')
  await settled()
  expect(begun).toEqual(['a', 'b'])
}) // IN-49

test('places that came free are all taken again', async () => {
  const { begun, ends, ask } = setUp(2, 10)
  const all = ['a', 'b'].map(ask)
  await settled()
  ends.forEach((end) => end())
  await Promise.all(all)
  for (const token of ['c', 'd', 'e']) void ask(token)
  await settled()
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
}) // IN-49
