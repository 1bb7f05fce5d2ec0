import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

import { type Document, root } from './documents.ts'

/** A fenced block of TypeScript or JavaScript. */
export interface CodeBlock {
  readonly document: string
  /** The line of its opening fence, from 1. */
  readonly line: number
  readonly language: 'ts' | 'js'
  /** The module it stands for, every line where the page has it: what is not code is empty. */
  readonly module: string
  /** Why it is not compiled: what follows ```` ```ts no-check ````. */
  readonly unchecked: string | undefined
}

const FENCE = /^ *```(\S*) ?(.*)$/
const PREAMBLE = /<!-- compiled with:((?:(?!-->)[^])*)-->(\s*)$/

/**
 * The blocks of a page that claim to be TypeScript or JavaScript. Names that a block does not declare may be given in a
 * comment before it, which readers do not see: `<!-- compiled with: declare const app: Express -->`.
 */
export function codeBlocks({ name, text }: Document): readonly CodeBlock[] {
  const lines = text.split('\n')
  const blocks: CodeBlock[] = []
  let proseFrom = 0
  for (let at = 0; at < lines.length; at += 1) {
    const opening = FENCE.exec(lines[at]!)
    if (!opening) continue
    const end = lines.findIndex((line, index) => index > at && /^ *```$/.test(line))
    if (end === -1) throw new Error(`${name}:${at + 1}: the code block has no end`)
    const [, language = '', info = ''] = opening
    const kind = { ts: 'ts', typescript: 'ts', js: 'js', javascript: 'js' }[language] as
      | CodeBlock['language']
      | undefined
    if (kind) {
      const before = [...Array<string>(proseFrom).fill(''), ...preambleLines(lines.slice(proseFrom, at))]
      const module = [...before, '', ...lines.slice(at + 1, end), ''].join('\n')
      const unchecked = info.startsWith('no-check') ? info.slice('no-check'.length).trim() : undefined
      blocks.push({ document: name, line: at + 1, language: kind, module, unchecked })
    }
    at = end
    proseFrom = end + 1
  }
  return blocks
}

/** The lines between two blocks, emptied but for the comment right before the second. */
function preambleLines(lines: readonly string[]): readonly string[] {
  const prose = lines.join('\n')
  const [comment, declarations, after] = PREAMBLE.exec(prose) ?? []
  if (comment === undefined) return lines.map(() => '')
  return (prose.slice(0, -comment.length).replaceAll(/[^\n]/g, '') + declarations + after).split('\n')
}

const TSCONFIG = {
  extends: relative(workFolder(), join(root, 'tsconfig.base.json')),
  compilerOptions: {
    composite: false,
    isolatedDeclarations: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    noEmit: true,
    allowJs: true,
    checkJs: true,
    moduleDetection: 'force',
    customConditions: ['holdfast-source'],
    // What an example imports and only one package has installed.
    paths: { '@koa/router': [join(root, 'packages/koa/node_modules/@koa/router/dist/index.d.mts')] },
  },
}

/** Ignored by git, and below the root, so that a block imports what the repository has installed. */
function workFolder(): string {
  return join(root, 'node_modules/.cache/holdfast-docs')
}

/** What declares nothing beyond itself, however many modules import it. */
const QUIET = /^(?:node:.*|express|koa|@koa\/router|prom-client|@holdfast\/(?:core|express|koa|prometheus|testing))$/

/** Whether what a block imports may declare something for others, as an augmentation does. */
function declaresForOthers({ module }: CodeBlock): boolean {
  const imported = [...module.matchAll(/(?:from|import|require\(|import\() *'([^']*)'/g)].map(([, name]) => name!)
  return /declare (?:global|module)/.test(module) || !imported.every((name) => QUIET.test(name))
}

/**
 * Type-checks blocks against the sources of the packages, in one run of the compiler. What one block imports declares
 * nothing for another: where it might, the block is a program of its own, which takes as long as all the others in one.
 *
 * @returns `page.md:line: error`, for every error.
 */
export async function compile(blocks: readonly CodeBlock[]): Promise<readonly string[]> {
  const folder = workFolder()
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const files = blocks.map((block, index) => `${index}.${extensionOf(block)}`)
  const alone = files.filter((_, index) => declaresForOthers(blocks[index]!))
  const together = files.filter((file) => !alone.includes(file))
  const programs = [together, ...alone.map((file) => [file])]
  await Promise.all([
    ...files.map((file, index) => writeFile(join(folder, file), blocks[index]!.module)),
    ...programs.map((program, index) =>
      writeFile(join(folder, `tsconfig.${index}.json`), JSON.stringify({ ...TSCONFIG, files: program })),
    ),
  ])
  const output = await tsc(folder, ['-b', '--pretty', 'false', ...programs.map((_, index) => `tsconfig.${index}.json`)])
  return output.flatMap((line) => {
    const [, index, at, error] = /^(\d+)\.c?[jt]s\((\d+),\d+\): error (.*)$/.exec(line) ?? []
    if (index !== undefined) return [`${blocks[Number(index)]!.document}:${at}: ${error}`]
    // The rest is indented detail, or about the packages themselves, which have a build of their own.
    return /^(?:\s|\.\.\/)/.test(line) || line === '' ? [] : [line]
  })
}

function extensionOf({ language, module }: CodeBlock): string {
  const isCommonJs = language === 'js' && /\brequire\(/.test(module) && !/^import /m.test(module)
  return isCommonJs ? 'cjs' : language
}

async function tsc(cwd: string, args: readonly string[]): Promise<readonly string[]> {
  try {
    await promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], { cwd })
    return []
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string }
    // 1 and 2: there were errors, and standard output has them.
    if ((code !== 1 && code !== 2) || stdout === '')
      throw new Error(`tsc failed:\n${stdout}${stderr}`, { cause: error })
    return stdout.split('\n')
  }
}
