/** Colours that are told apart in light and dark, and by those who do not see red from green; shapes differ, too. */
const STYLE = `
.chart{font:12px system-ui,sans-serif;--ink:#1f2328;--soft:#59636e;--rule:#d1d9e0;--c0:#b35900;--c1:#0b62d6}
@media(prefers-color-scheme:dark){.chart{--ink:#f0f6fc;--soft:#9198a1;--rule:#3d444d;--c0:#f0883e;--c1:#4d9bff}}
.chart text{fill:var(--soft)}.chart .title{fill:var(--ink);font-size:14px;font-weight:600}.chart .own{fill:var(--ink);font-weight:600}
.chart .grid{stroke:var(--rule)}.chart .fine{stroke:var(--rule);stroke-opacity:.4}.chart .end{text-anchor:end}.chart .mid{text-anchor:middle}
.chart .c0{stroke:var(--c0);fill:var(--c0)}.chart .c1{stroke:var(--c1);fill:none;stroke-width:2}.chart path.c0,.chart path.c1{fill:none;stroke-width:2;stroke-linejoin:round}`

/** A picture that needs nothing else and follows the reader's light or dark. */
export function picture(title: string, width: number, height: number, parts: readonly string[]): string {
  return [
    `<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}</style>`,
    text(12, 20, title, 'title'),
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

export function text(x: number, y: number, content: string, kind = ''): string {
  return `<text${kind && ` class="${kind}"`} x="${tenth(x)}" y="${tenth(y)}">${escaped(content)}</text>`
}

export function line(kind: 'grid' | 'fine', from: readonly [number, number], to: readonly [number, number]): string {
  return `<line class="${kind}" x1="${tenth(from[0])}" x2="${tenth(to[0])}" y1="${tenth(from[1])}" y2="${tenth(to[1])}"/>`
}

/** A filled circle for the first series, an empty square for the second. */
export function mark(series: number, x: number, y: number, told: string): string {
  const title = `<title>${escaped(told)}</title>`
  return series === 0
    ? `<circle class="c0" cx="${tenth(x)}" cy="${tenth(y)}" r="3.5">${title}</circle>`
    : `<rect class="c1" x="${tenth(x - 4)}" y="${tenth(y - 4)}" width="8" height="8">${title}</rect>`
}

/** What the marks stand for, to the right. */
export function legend(series: readonly string[], right: number): string[] {
  return series.flatMap((name, at) => {
    const x = right - (series.length - at) * 74
    return [mark(at, x, 16, name), text(x + 9, 20, name)]
  })
}

export const tenth = (value: number): number => Math.round(value * 10) / 10

const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
