import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

import { describe, expect, test } from 'vitest'

import { codeBlocks } from './code-blocks.ts'
import { type Document, documents, page, root } from './documents.ts'

/** The targets of the links of a page, code left out. */
function links({ text }: Document): readonly string[] {
  const prose = text.replaceAll(/^ *```[^]*?^ *```$/gm, '').replaceAll(/`[^`\n]*`(?!\])/g, '')
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target!)
}

/** The anchors that headings get, as common renderers write them. */
function anchors({ text }: Document): readonly string[] {
  const headings = [...text.replaceAll(/^ *```[^]*?^ *```$/gm, '').matchAll(/^#{1,6} (.*)$/gm)]
  return headings.map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** What is wrong with a link, if anything. */
function fault(from: Document, link: string): string | undefined {
  if (link.startsWith('https:')) {
    return /^https:\/\/www\.rfc-editor\.org\/rfc\/rfc[1-9]\d{3}$/.test(link) ? undefined : `${link} is nowhere we know`
  }
  const [path = '', anchor] = link.split('#', 2)
  const target = path === '' ? from.name : normalize(join(dirname(from.name), path))
  if (target.startsWith('..') || !existsSync(join(root, target))) return `${link} leads nowhere`
  const isMissing = anchor !== undefined && !anchors(page(target)).includes(anchor)
  return isMissing ? `${link} names no heading` : undefined
}

describe.each(documents().map((document) => [document.name, document] as const))('%s', (_, document) => {
  test('has links that lead somewhere', () => {
    expect(links(document).flatMap((link) => fault(document, link) ?? [])).toEqual([])
  })

  test('calls an RFC what its link calls it', () => {
    const cited = [...document.text.matchAll(/\[RFC (\d+)[^\]]*\]\([^)]*\/rfc(\d+)\)/g)]
    expect(cited.filter(([, text, link]) => text !== link).map(([all]) => all)).toEqual([])
  })
})

test('a link that leads nowhere is found', () => {
  const wrong = {
    name: 'docs/wrong.md',
    text: '# A b\n[a](gone.md) [b](#a-b) [c](#b) [d](https://example.com/x) [e](../README.md)',
  }
  expect(links(wrong).map((link) => fault(page('docs/options.md'), link) !== undefined)).toEqual([
    true,
    true,
    true,
    true,
    false,
  ])
})

interface Manifest {
  readonly packageManager: string
  readonly engines: { readonly node: string }
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
}

function manifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Manifest
}

/** A version range as a cell of a table writes it. */
const inCell = (range: string): string => `\`${range.replaceAll('||', '\\|\\|')}`

describe('README.md', () => {
  const { text } = page('README.md')

  test('states the versions that the packages ask for', () => {
    expect(text).toContain(inCell(manifest('.').engines.node))
    expect(text).toContain(inCell(manifest('packages/express').peerDependencies['express']!))
    expect(text).toContain(inCell(manifest('packages/koa').peerDependencies['koa']!))
  })

  test('starts commands that exist, with the package manager of the repository', () => {
    const { packageManager, scripts } = manifest('.')
    const commands = [...text.matchAll(/npx -y (\S+) run (\S+)/g)]
    expect(commands.map(([, tool]) => tool)).toEqual(commands.map(() => packageManager))
    expect(commands.filter(([, , script]) => !Object.hasOwn(scripts, script!))).toEqual([])
    expect(commands.length).toBeGreaterThanOrEqual(3)
  })

  test('imports only packages that it says to install', () => {
    const installed = /npm install .*/.exec(text)?.[0] ?? ''
    const imported = codeBlocks(page('README.md')).flatMap(({ module }) =>
      [...module.matchAll(/^import (?!type).* from '((?:@[^/']+\/)?[^/']+)/gm)].map(([, name]) => name!),
    )
    expect(imported.filter((name) => !installed.includes(name))).toEqual([])
  })
})
