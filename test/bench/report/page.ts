import { SECTIONS } from './sections.ts'
import type { Figures } from './figures.ts'
import { PLOTS } from './plots.ts'
import { aboutOf, goalsOf, sectionOf } from './tables.ts'

/** From one marker to the next; what stands between is replaced. */
const PLACE = /<!-- bench:([\w-]+) -->\n[^]*?<!-- \/bench -->/g

/** The page with every table filled, and with those plots that there are figures for. @throws {RangeError} */
export function filled(page: string, figures: Figures): string {
  const blocks = blocksOf(figures)
  return page.replaceAll(PLACE, (_, name: string) => {
    const block = blocks.get(name)
    if (block === undefined)
      throw new RangeError(`no table is called "${name}"; there are ${[...blocks.keys()].join(', ')}`)
    return `<!-- bench:${name} -->\n\n${block}\n\n<!-- /bench -->`
  })
}

/** The names of all the places in a page. */
export function placesIn(page: string): string[] {
  return [...page.matchAll(PLACE)].map(([, name]) => name!)
}

/** What stands in each place. */
export function blocksOf(figures: Figures): ReadonlyMap<string, string> {
  const plots = PLOTS.map(({ name, title, draw }) => {
    const drawn = draw(figures) !== undefined
    return [`plot-${name}`, drawn ? `![${title}](performance/${name}.svg)` : 'No plot yet.'] as const
  })
  return new Map([
    ['about', aboutOf(figures)],
    ...SECTIONS.map((section) => [section.name, sectionOf(section, figures)] as const),
    ['goals', goalsOf(figures)],
    ...plots,
  ])
}
