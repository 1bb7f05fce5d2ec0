import { beforeAll, describe, expect, test } from 'vitest'

import { codeBlocks, compile } from './code-blocks.ts'
import { documents } from './documents.ts'

/** A page with mistakes of every kind that readers would run into; its errors prove that the others were looked at. */
const WRONG = {
  name: 'wrong.md',
  text: [
    '# Wrong',
    '```ts',
    "import { createResourceServer } from '@holdfast/express'",
    "createResourceServer({ issuer: 'https://login.example.com', audience: 'a', clockSkew: 30 })",
    '```',
    "<!-- compiled with: const given = 'a' -->",
    '```js',
    "import { scope } from '@holdfast/core'",
    'scope(given)',
    'scope(forgotten)',
    '```',
    '```ts',
    "import { noSuchName } from '@holdfast/koa'",
    'given',
    '```',
  ].join('\n'),
}

describe('the code in the documentation', () => {
  const blocks = documents().flatMap(codeBlocks)
  let errors: readonly string[]

  beforeAll(async () => {
    const checked = [...blocks, ...codeBlocks(WRONG)].filter(({ unchecked }) => unchecked === undefined)
    errors = await compile(checked)
  }, 120_000)

  test.each([...new Set(blocks.map(({ document }) => document))])('in %s compiles', (name) => {
    expect(errors.filter((error) => error.startsWith(`${name}:`))).toEqual([])
  })

  test('is found in the pages that must have some', () => {
    const pages = new Set(blocks.map(({ document }) => document))
    expect([...pages]).toEqual(expect.arrayContaining(['README.md', 'docs/migrating.md']))
  })

  test('would not pass with a wrong type, a name that is not there, or a preamble of another block', () => {
    expect(
      errors.filter((error) => error.startsWith(WRONG.name)).map((error) => error.split(': ', 2).join(' ')),
    ).toEqual(['wrong.md:4 TS2322', 'wrong.md:10 TS2304', 'wrong.md:13 TS2305', 'wrong.md:14 TS2304'])
  })

  test('has no error that belongs to no page', () => {
    const pages = [...blocks.map(({ document }) => document), WRONG.name]
    expect(errors.filter((error) => !pages.some((name) => error.startsWith(`${name}:`)))).toEqual([])
  })

  test('is compiled unless its fence says why not', () => {
    expect(blocks.filter(({ unchecked }) => unchecked === '')).toEqual([])
  })
})
