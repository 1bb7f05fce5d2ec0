import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const project = fileURLToPath(new URL('augment', import.meta.url))
const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')

it('types auth for the whole program where the augment entry is imported', { timeout: 60_000 }, async () => {
  const compiled = promisify(execFile)(process.execPath, [compiler, '-p', project]).catch(
    ({ stdout }: { stdout: string }) => ({ stdout }),
  )
  expect((await compiled).stdout).toBe('')
})
