/** One metric of a scrape, as Prometheus reads it. */
export interface ScrapedMetric {
  readonly type: string
  readonly help: string
  /** The values that each label has, `le` left out. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>
  /** Series: those of a histogram are many. */
  readonly series: number
}

const SAMPLE = /^([a-z_]+?)(?:_(?:bucket|sum|count))?(?:\{(.*)\})? \S+$/
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g

/** Reads the text format 0.0.4, by metric. @throws {Error} for a sample that no `# TYPE` announces. */
export function parseExposition(text: string): ReadonlyMap<string, ScrapedMetric> {
  const metrics = new Map<string, { type: string; help: string; labels: Map<string, Set<string>>; series: number }>()
  for (const line of text.split('\n')) {
    const [, about, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (about === 'HELP') metrics.set(name, { type: 'untyped', help: rest, labels: new Map(), series: 0 })
    else if (about === 'TYPE') metrics.get(name)!.type = rest
    else if (line !== '') {
      const [, full = '', labels = ''] = /^([a-z_]+)(?:\{(.*)\})? /.exec(line) ?? []
      const metric = metrics.get(full) ?? metrics.get(SAMPLE.exec(line)?.[1] ?? '')
      if (!metric) throw new Error(`${full} has no type`)
      metric.series += 1
      for (const [, label, value] of labels.matchAll(LABEL)) {
        if (label === 'le') continue
        metric.labels.set(label!, (metric.labels.get(label!) ?? new Set()).add(value!))
      }
    }
  }
  return metrics
}
