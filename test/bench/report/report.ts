import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Figures } from './figures.ts'
import { filled } from './page.ts'
import { PLOTS } from './plots.ts'

/** Fills the tables of `docs/performance.md` from files that `--json` wrote, and draws what there are figures for. */
export function report(files: readonly string[], root: string, print: (line: string) => void): void {
  const figures = Figures.from(files)
  const page = join(root, 'docs/performance.md')
  writeFileSync(page, filled(readFileSync(page, 'utf8'), figures))
  print(page)
  const folder = join(root, 'docs/performance')
  for (const { name, draw } of PLOTS) {
    const svg = draw(figures)
    if (svg === undefined) continue
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${name}.svg`), svg)
    print(join(folder, `${name}.svg`))
  }
}
