import { describe, expect, test } from 'vitest'
import { audienceFits, canonicalAudience } from '../../src/verify/claims.ts'

describe('canonicalAudience', () => {
  test.each([
    ['https://API.Example/MCP', 'https://api.example/MCP'],
    ['HTTPS://api.example', 'https://api.example'],
    ['HTTPS://API.example:8443/a?B#C', 'https://api.example:8443/a?B#C'],
    ['https://User@API.example/a', 'https://User@API.example/a'],
    ['Orders', 'Orders'],
    ['URN:Example:Api', 'URN:Example:Api'],
    ['https://api.\u212aelvin.example', 'https://api.\u212aelvin.example'],
    ['https:/API.example', 'https:/API.example'],
    ['1https://API.example', '1https://API.example'],
    [' https://API.example', ' https://API.example'],
    ['', ''],
  ])('%s is %s', (written, canonical) => {
    expect(canonicalAudience(written)).toBe(canonical)
  }) // MC-15
})

test('audiences fit by the rule, exact where none is given', () => {
  const expected = ['https://api.example/a']
  const claims = { aud: ['x', 'https://API.example/a'] }
  expect(audienceFits(claims, expected)).toBe(false)
  expect(audienceFits(claims, expected, 'exact')).toBe(false)
  expect(audienceFits(claims, expected, 'canonical')).toBe(true)
  expect(audienceFits({}, expected, 'canonical')).toBe(false)
}) // MC-15
