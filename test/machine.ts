import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'

import { describe } from 'vitest'

/**
 * The path of a program that this machine has installed, such as `promtool` or `chromium`; `undefined` where it has not.
 *
 * @throws {Error} when it is missing and `CI` is set: there, a test that is skipped would go unnoticed.
 */
export function program(name: string): string | undefined {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable)
  const isCi = (process.env['CI'] ?? '') !== ''
  if (found === undefined && isCi) throw new Error(`${name} is not installed here, and CI runs every test`)
  return found
}

/**
 * `describe` for tests of real programs. Where one is not installed they are skipped, and the title says which one.
 *
 * @param tests Gets the path of each program; in a skipped block, where none is run, the name.
 */
export function describeWith<const Name extends string>(
  names: readonly Name[],
  title: string,
  tests: (paths: Readonly<Record<Name, string>>) => void,
): void {
  const found = names.map((name) => [name, program(name)] as const)
  const missing = found.flatMap(([name, path]) => (path === undefined ? [name] : []))
  const paths = Object.fromEntries(found.map(([name, path]) => [name, path ?? name])) as Record<Name, string>
  const isRun = missing.length === 0
  const block = isRun ? describe : describe.skip
  block(isRun ? title : `${title} (skipped: ${missing.join(', ')} not installed)`, () => {
    tests(paths)
  })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
