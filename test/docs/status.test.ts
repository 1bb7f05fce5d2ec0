import { createResourceServer, unauthenticated } from '@holdfast/core'
import { expect, test } from 'vitest'

import { code, page, tableRows } from './documents.ts'

const SECTIONS = [
  ['docs/deployment.md', 'Probes and status'],
  ['docs/degraded-mode.md', 'Would we survive an outage now\\?'],
] as const

/** The names in the first column of a section's table. */
function namesIn([document, section]: (typeof SECTIONS)[number]): readonly string[] {
  const cells = tableRows(page(document), section).map(([name]) => name!)
  return cells.flatMap((cell) => cell.split(', ').map((name) => code(name)!))
}

const ISSUER = 'https://login.example.com'
const server = createResourceServer({
  issuers: [{ issuer: ISSUER, introspection: { client: unauthenticated() } }],
  audience: 'https://api.example.com',
})

test('the page for operators lists what the status has, and nothing else', () => {
  const { issuers, ...whole } = server.status()
  const names = [...Object.keys(whole), ...Object.keys(issuers[0]!).map((name) => `issuers[].${name}`)]
  expect(namesIn(SECTIONS[0]).toSorted()).toEqual(names.toSorted())
})

test('the page about outages lists what the report of a drill has, and every cause', async () => {
  const report = await server.drill({ issuer: ISSUER, for: '1s', signal: AbortSignal.abort() })
  expect(namesIn(SECTIONS[1])).toEqual(Object.keys(report))
  const refused = tableRows(page('docs/degraded-mode.md'), SECTIONS[1][1]).find(([name]) => name === '`refused`')
  const causes = [...refused![1]!.matchAll(/`(\w+)` \(/g)].map(([, name]) => name)
  expect(causes).toEqual(Object.keys(report.refused.jwt))
})
