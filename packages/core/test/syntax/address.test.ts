import { expect, test } from 'vitest'
import { isPrivateHost, isPublicAddress } from '../../src/syntax/address.ts'
import { isEndpoint, isPrivateEndpoint } from '../../src/syntax/url.ts'

/** The first and last addresses of each block, and their neighbours outside. */
const PRIVATE = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.1', '127.255.255.255'],
  ['169.254.0.0', '169.254.169.254', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255', '192.0.2.1'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255', '198.51.100.7', '203.0.113.7'],
  ['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ['::', '::1', '::7f00:1', 'fe80::1', 'febf::1', 'fec0::1', 'fc00::1', 'fdff::1', 'ff02::1', '100::1'],
  ['2001::1', '2001:1ff:ffff::1', '2001:db8::1', '2002:a00:1::', '3fff::1', '3fff:fff::1'],
  [
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '::FFFF:127.0.0.1',
    '0:0:0:0:0:ffff:7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
  ],
].flat()

const PUBLIC = [
  ['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.1'],
  ['169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.0.1.0', '192.167.255.255', '192.169.0.0'],
  ['198.17.255.255', '198.20.0.0', '223.255.255.255'],
  ['2001:200::1', '2001:4860:4860::8888', '2606:4700::1111', '2003::1', '3ffe::1', '2a00::1'],
  ['::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '64:ff9b::808:808'],
].flat()

test.each(PRIVATE)('%s is not for the internet', (address) => {
  expect(isPublicAddress(address)).toBe(false)
}) // NG-84

test.each(PUBLIC)('%s is', (address) => {
  expect(isPublicAddress(address)).toBe(true)
}) // NG-84

test.each([
  '',
  'localhost',
  '1.1.1',
  '01.1.1.1',
  '1.1.1.1.1',
  '[::1]',
  'fe80::1%eth0',
  '64:ff9b:1::8.8.8.8',
  '::ffff:0:8.8.8.8',
  ' 1.1.1.1',
])('%j is no address, or none that is known to be public', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test('a host is judged as it is connected to, whatever it is written like', () => {
  const hosts = [
    'https://0x7f.1',
    'https://2130706433',
    'https://017700000001',
    'https://127.1',
    'https://127.0.0.1.',
    'https://[::ffff:7f00:1]',
    'https://LOCALHOST',
    'https://localhost.',
    'https://a.localhost',
    'https://[fe80::1]',
  ]
  for (const url of hosts) expect(isPrivateHost(new URL(url).hostname), url).toBe(true)
  for (const url of ['https://as.example', 'https://localhost.example', 'https://1.1.1.1', 'https://[2606:4700::1111]'])
    expect(isPrivateHost(new URL(url).hostname), url).toBe(false)
}) // DI-27

test('an endpoint is private only where that is what refuses it', () => {
  const policy = { allowInsecureLoopback: false, denyPrivateNetworks: true }
  expect(isEndpoint('https://10.0.0.1/keys', policy)).toBe(false)
  expect(isEndpoint('https://10.0.0.1/keys', { allowInsecureLoopback: false })).toBe(true)
  expect(isEndpoint('https://as.example/keys', policy)).toBe(true)
  expect(isPrivateEndpoint('https://10.0.0.1/keys')).toBe(true)
  expect(isPrivateEndpoint('http://10.0.0.1/keys')).toBe(false)
  expect(isPrivateEndpoint('https://as.example/keys')).toBe(false)
})
