import type { Registry } from 'prom-client'

/** The series of a scrape with their values, each as Prometheus would write it. */
export async function scrape(register: Registry): Promise<ReadonlyMap<string, number>> {
  const lines = (await register.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

/** The series of one metric, by what stands between the braces. */
export async function seriesOf(register: Registry, name: string): Promise<Readonly<Record<string, number>>> {
  const own = [...(await scrape(register))].filter(([series]) => series.split('{', 1)[0] === name)
  return Object.fromEntries(own.map(([series, value]) => [/\{(.*)\}$/.exec(series)?.[1] ?? '', value]))
}
