import { expect, test } from 'vitest'
import { rows } from '../conformance/requirements.ts'
import { page } from './documents.ts'

/** Every id that a text names, those within "NG-03 to NG-08" included. */
function named(text: string): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const [, from, to] of text.matchAll(/\bNG-(\d+)(?: to NG-(\d+))?/g)) {
    for (let id = Number(from); id <= Number(to ?? from); id += 1) ids.add(`NG-${String(id).padStart(2, '0')}`)
  }
  return ids
}

test('the threat model says of every attack what stops it', () => {
  const told = named(page('docs/security.md').text)
  const attacks = rows.map(([id]) => id as string).filter((id) => id.startsWith('NG-'))
  expect(attacks.filter((id) => !told.has(id))).toEqual([])
  expect(told.size).toBe(125)
})
