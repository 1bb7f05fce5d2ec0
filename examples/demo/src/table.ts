import type { Result, Step } from './expectations.ts'

const WIDTH = { sent: 47, expected: 52, result: 9 } as const

/** Prints steps as they come, one line each, under a heading for each section. */
export function tablePrinter(print: (line: string) => void): (step: Step) => void {
  let current: string | undefined
  return ({ section, sent, expected, results }) => {
    if (section !== current) {
      current = section
      print(`\n${section}`)
      print(
        line(
          'sent',
          'expected',
          results.map(({ api }) => api),
        ),
      )
    }
    print(line(sent, expected, results.map(verdict)))
    for (const { api, got, ok } of results) if (!ok) print(`    ${api} gave: ${got}`)
  }
}

const verdict = ({ ok }: Result): string => (ok ? 'ok' : 'FAILED')

function line(sent: string, expected: string, results: readonly string[]): string {
  const cells = [
    sent.padEnd(WIDTH.sent),
    expected.padEnd(WIDTH.expected),
    ...results.map((one) => one.padEnd(WIDTH.result)),
  ]
  return `  ${cells.join(' ')}`.trimEnd()
}

/** `"82 of 82 expectations held in 7.0 s"`. */
export function summary(steps: readonly Step[], seconds: number): string {
  const results = steps.flatMap((step) => step.results)
  return `${results.filter(({ ok }) => ok).length} of ${results.length} expectations held in ${seconds.toFixed(1)} s`
}

export function allHeld(steps: readonly Step[]): boolean {
  return steps.length > 0 && steps.every(({ results }) => results.every(({ ok }) => ok))
}
