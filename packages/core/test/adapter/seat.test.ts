import { expect, test } from 'vitest'
import { type Seat, seatOf, show, sit } from '../../src/adapter/seat.ts'
import type { AuthContext } from '../../src/context.ts'
import type { ResourceServer } from '../../src/resource-server.ts'

const auth = { subject: 'ada' } as AuthContext
const seat: Seat = { server: {} as ResourceServer, auth, attach: 'auth', handOn: false }

test.each([
  ['with field lines', { rawHeaders: ['host', 'api.example'] }],
  ['without one', { rawHeaders: [] }],
  ['without a list', {}],
  ['with a frozen list', { rawHeaders: Object.freeze(['host', 'api.example']) }],
  ['with something else in its place', { rawHeaders: 'host: api.example' }],
])('a request %s remembers', (_, request) => {
  expect(seatOf(request)).toBeUndefined()
  sit(request, seat)
  expect(seatOf(request)).toBe(seat)
})

test('what one request was allowed is not for another that shares its list of field lines', () => {
  const rawHeaders = ['authorization', 'Bearer abc']
  const [one, other] = [{ rawHeaders }, { rawHeaders }]
  sit(one, seat)
  expect(seatOf(other)).toBeUndefined()
})

test('leaves the field lines as they were for who reads them', () => {
  const request = { rawHeaders: ['host', 'api.example'] }
  sit(request, seat)
  expect([[...request.rawHeaders], Object.keys(request.rawHeaders), JSON.stringify(request)]).toEqual([
    ['host', 'api.example'],
    ['0', '1'],
    '{"rawHeaders":["host","api.example"]}',
  ])
})

test('shows the context under the name that the gate was given, and nothing without one', () => {
  const holder: Record<string, unknown> = {}
  show(holder, { ...seat, attach: 'user' })
  show(holder, { ...seat, auth: undefined, attach: 'nobody' })
  expect(holder).toEqual({ user: auth })
})
