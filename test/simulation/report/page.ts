import { type Chart, type Line, svgOf } from './chart.ts'
import { COURSE, type Recording, type Step, type WeatherName, WEATHERS } from './record.ts'

const PLOTS: readonly {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly of: (step: Step) => number | undefined
  readonly top?: number
}[] = [
  {
    name: 'known',
    title: 'Availability of known tokens',
    unit: '% of requests accepted',
    of: (step) => step.known,
    top: 100,
  },
  {
    name: 'new',
    title: 'Availability of new tokens',
    unit: '% of requests accepted',
    of: (step) => step.new,
    top: 100,
  },
  { name: 'load', title: 'Server load', unit: 'introspections sent per second', of: (step) => step.calls },
  {
    name: 'server-queue',
    title: 'Queue of the authorization server',
    unit: 'introspections',
    of: (step) => step.serverQueue,
  },
  { name: 'age', title: 'Oldest evidence served', unit: 'seconds', of: (step) => step.age },
  {
    name: 'queue',
    title: 'Queue of the resource server',
    unit: 'tokens that wait for their turn',
    of: (step) => step.queue,
  },
]

const WORDS: Readonly<Record<WeatherName, string>> = {
  brownout: 'a brownout: 20 introspections per second are left of 600',
  outage: 'an outage, then 100 introspections per second',
}

/** A plot, and the file name that it deserves. */
export interface Plot {
  readonly name: string
  readonly svg: string
}

/** Every plot of these recordings: one for each measure and kind of weather, the policies side by side. */
export function plotsOf(recordings: readonly Recording[]): readonly Plot[] {
  return WEATHERS.flatMap((weather) => {
    const mine = recordings.filter((one) => one.weather === weather)
    if (mine.length === 0) return []
    return PLOTS.map(({ name, title, unit, of, top }) => {
      const lines = mine.map(({ policy, steps }): Line => ({
        name: policy,
        points: steps.map((step) => [step.at, of(step)]),
      }))
      const shaded = [0, COURSE[weather].trouble] as const
      const chart: Chart = {
        title: `${title} in ${weather === 'outage' ? 'an outage' : 'a brownout'}`,
        unit,
        lines,
        shaded,
      }
      return { name: `${weather}-${name}`, svg: svgOf(top === undefined ? chart : { ...chart, top }) }
    })
  })
}

const PAGE_STYLE = `:root{color-scheme:light dark}body{margin:2rem auto;max-width:46rem;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}svg{width:100%;height:auto;margin:.5rem 0}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.5rem}`

/** One HTML page with all of it, and nothing that it would have to fetch. */
export function pageOf(
  recordings: readonly Recording[],
  { seed, scale }: { readonly seed: number; readonly scale: number },
): string {
  const plots = plotsOf(recordings)
  const parts = WEATHERS.flatMap((weather) => {
    const mine = plots.filter(({ name }) => name.startsWith(`${weather}-`))
    return mine.length === 0 ? [] : [`<h2>In ${WORDS[weather]}</h2>`, ...mine.map(({ svg }) => svg)]
  })
  const sized = scale === 1 ? '' : ` Sessions, requests and capacity are ${scale} of the model’s.`
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>Holdfast in degraded mode</title><style>${PAGE_STYLE}</style></head><body>`,
    '<h1>Holdfast in degraded mode, beside simpler policies</h1>',
    `<p>One replica, 20,000 sessions, 500 requests per second, opaque tokens. The grey span is the trouble; minutes count from its start.${sized}`,
    `Simulated with the real core; seed ${seed}.</p>`,
    ...parts,
    '</body></html>',
    '',
  ].join('\n')
}
