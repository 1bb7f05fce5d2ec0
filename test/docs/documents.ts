import { readdirSync, readFileSync, existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

export interface Document {
  /** Path from the root of the repository. */
  readonly name: string
  readonly text: string
}

/** What readers see: the pages at the root, `docs`, and one page for each package and example. */
export function documents(): readonly Document[] {
  const pages = [
    ...markdownIn(root),
    ...markdownIn(join(root, 'docs'), true),
    ...['packages', 'examples'].flatMap((folder) =>
      readdirSync(join(root, folder)).flatMap((name) => markdownIn(join(root, folder, name))),
    ),
  ]
  return pages.map((path) => ({ name: relative(root, path), text: readFileSync(path, 'utf8') }))
}

export function page(name: string): Document {
  return { name, text: readFileSync(join(root, name), 'utf8') }
}

function markdownIn(folder: string, recursive = false): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
    .map((name) => join(folder, name))
}

/** The line between the head of a table and its body. */
function isRule(line: string | undefined): boolean {
  return line !== undefined && /^\|[\s|:-]+\|$/.test(line)
}

/** The rows of every table under a heading (of the whole page without one), cells trimmed, header rows left out. */
export function tableRows({ text, name }: Document, heading?: string): readonly (readonly string[])[] {
  const section =
    heading === undefined ? text : new RegExp(`^## ${heading}\n([^]*?)(?=^## |(?![^]))`, 'm').exec(text)?.[1]
  if (section === undefined) throw new Error(`${name} has no section "${heading}"`)
  const lines = section.split('\n')
  return lines
    .filter((line, index) => line.startsWith('|') && !isRule(line) && !isRule(lines[index + 1]))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    )
}

/** The text of a cell that is one piece of code, `undefined` for any other. */
export function code(cell: string | undefined): string | undefined {
  return /^`([^`]+)`$/.exec(cell ?? '')?.[1]
}
