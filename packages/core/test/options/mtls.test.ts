import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { mtls } from '../../src/options/mtls.ts'

function refusal(options: unknown): string {
  try {
    mtls(options, 'mtls')
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

test.each([
  [undefined, undefined],
  ['off', undefined],
  [{ mode: 'off', field: { from: '10.0.0.7' } }, undefined],
  ['allowed', { isRequired: false, field: undefined }],
  [{}, { isRequired: false, field: undefined }],
  ['required', { isRequired: true, field: undefined }],
  [{ mode: 'required' }, { isRequired: true, field: undefined }],
])('%j', (options, settings) => {
  expect(mtls(options, 'mtls')).toEqual(settings)
}) // MT-13, MT-14, MT-15

test.each([
  [{ from: '10.0.0.7' }, { name: 'client-cert', format: 'rfc9440', maxLength: 16_384 }],
  [
    { from: ['::1'], format: 'xfcc' },
    { name: 'x-forwarded-client-cert', format: 'xfcc', maxLength: 16_384 },
  ],
  [
    { from: '10.0.0.0/8', name: 'X-Cert', format: 'pem', maxLength: 4_096 },
    { name: 'x-cert', format: 'pem', maxLength: 4_096 },
  ],
])('a field: %j', (field, settings) => {
  expect(mtls({ field }, 'mtls')?.field).toMatchObject(settings)
}) // MT-11, LM-20

describe('is refused, and named', () => {
  test.each([
    ['mtls', 'on'],
    ['mtls', true],
    ['mtls.mode', { mode: 'require' }],
    ['mtls.field.from', { field: {} }],
    ['mtls.field.from', { field: { from: [] } }],
    ['mtls.field.from', { field: { from: 'proxy.example' } }],
    ['mtls.field.from', { field: { from: '0.0.0.0/0' } }],
    ['mtls.field.from[1]', { field: { from: ['10.0.0.7', '::/0'] } }],
    ['mtls.field.from', { field: { from: '10.0.0.0/33' } }],
    ['mtls.field.from', { field: { from: '::1/129' } }],
    ['mtls.field.from', { field: { from: '10.0.0.0/' } }],
    ['mtls.field.from', { field: { from: 'fe80::1%eth0' } }],
    ['mtls.field.from', { field: { from: 7 } }],
    ['mtls.field.format', { field: { from: '::1', format: 'der' } }],
    ['mtls.field.name', { field: { from: '::1', format: 'pem' } }],
    ['mtls.field.name', { field: { from: '::1', name: 'Client Cert' } }],
    ['mtls.field.name', { field: { from: '::1', name: '' } }],
    ['mtls.field.maxLength', { field: { from: '::1', maxLength: 1_000 } }],
    ['mtls.field.maxLength', { field: { from: '::1', maxLength: 65_537 } }],
  ])('%s: %j', (name, options) => {
    expect(refusal(options)).toContain(`option "${name}" is`)
  })

  test('an unknown name, with the right one', () => {
    expect(refusal({ header: 'client-cert' })).toContain('unknown option "mtls.header"')
    expect(refusal({ field: { formt: 'pem' } })).toContain('did you mean "format"?')
  })
})
