import { expect, test } from 'vitest'
import { isEndpoint } from '../../src/syntax/url.ts'

const policy = { allowInsecureLoopback: false }

test.each([
  'https://as.example',
  'https://as.example/a/b?c=d&e=%20',
  'HTTPS://as.example/',
  "https://as.example/!$&'()*+,;=:@-._~",
  'https://[2001:db8::1]:8443/',
])('%s may be called', (url) => {
  expect(isEndpoint(url, policy)).toBe(true)
})

test.each([
  'https:as.example',
  'https:/as.example',
  'https:\\\\as.example',
  'https://as.example\\@evil.example',
  'https://as.example/?x=\\',
  'https://as.example/\n',
  'https://as.ex\tample/',
  ' https://as.example',
  'https://as.example/a b',
  'https://as.example/"',
  'https://as.example/<a>',
  'https://as.example/{a}',
  'https://b\u00fccher.example',
  'https://as.example/#',
  'https://user@as.example',
  'http://as.example',
])('%s is none that two readers would read alike', (url) => {
  expect(isEndpoint(url, policy)).toBe(false)
})
