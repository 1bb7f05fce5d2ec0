import { describe, expect, test } from 'vitest'
import { check, judge } from './check.ts'
import { type Goal, goalsFor } from './goals.ts'
import { SUITES } from './options.ts'
import type { Result } from './result.ts'

const GOAL: Goal = {
  line: 1,
  suite: 'micro',
  row: 'row',
  subject: 'holdfast',
  against: 'raw',
  measure: 'cpu',
  atMost: 2,
}

function result(subject: string, samples: readonly number[], differing: Partial<Result> = {}): Result {
  const shared = { row: 'row', node: 'v20.20.2', cpuMicros: 1, wallMicros: 1, ratio: 1, baseline: 'raw' } as const
  return { ...shared, measure: 'cpu', subject, samples, ...differing }
}

const raw = result('raw', Array<number>(9).fill(10))
const own = (...samples: readonly number[]): Result => result('holdfast', samples)
const verdictOf = (goal: Goal, ...results: readonly Result[]): string => judge(goal, results).verdict

describe('a goal', () => {
  test('is reached when the whole interval is within the bound', () => {
    // The lowest and the highest of nine rounds lie outside the interval.
    expect(verdictOf(GOAL, raw, own(1, 15, 16, 16, 17, 18, 19, 20, 90))).toBe('reached')
  })

  test('is short when the whole interval is beyond it', () => {
    expect(verdictOf(GOAL, raw, own(1, 21, 22, 22, 23, 24, 25, 25, 90))).toBe('short')
  })

  test('is not decidable when the bound lies in the interval, whatever the median says', () => {
    expect(verdictOf(GOAL, raw, own(1, 15, 16, 16, 17, 18, 19, 21, 90))).toBe('not decidable here')
    expect(verdictOf(GOAL, raw, own(1, 19, 22, 22, 23, 24, 25, 25, 90))).toBe('not decidable here')
  })

  test('may be a least, and a figure itself', () => {
    const { atMost: _, ...least } = { ...GOAL, atLeast: 1.5 }
    expect(verdictOf(least, raw, own(16, 16, 16))).toBe('reached')
    expect(verdictOf(least, raw, own(14, 14, 14))).toBe('short')
    const { against: __, ...figure } = GOAL
    expect(verdictOf(figure, own(1.9))).toBe('reached')
    expect(verdictOf(figure, own(2.1))).toBe('short')
  })

  test('compares what is left after something that both do', () => {
    const over: Goal = { ...GOAL, over: 'header', atMost: 1 }
    const header = result('header', Array<number>(9).fill(5))
    expect(judge(over, [raw, header, own(9, 9, 9)]).found?.median).toBe(0.8)
    expect(verdictOf(over, raw, own(9, 9, 9))).toBe('not measured')
  })

  test('may ask what something adds', () => {
    const added: Goal = { ...GOAL, less: 'without', atMost: 0.2 }
    const without = result('without', Array<number>(9).fill(20))
    expect(judge(added, [raw, without, own(21, 21, 21)]).found?.median).toBeCloseTo(0.1)
    expect(verdictOf(added, raw, without, own(19, 19, 19))).toBe('reached')
    expect(verdictOf(added, raw, without, own(23, 23, 23))).toBe('short')
    expect(verdictOf(added, raw, own(21, 21, 21))).toBe('not measured')
  })

  test('may ask for no more than the noise floor', () => {
    const { atMost: _, ...none } = GOAL
    const within: Goal = { ...none, control: 'raw again' }
    const again = result('raw again', [10, 10, 9, 10, 10, 11, 10, 10, 9])
    expect(judge(within, [raw, again, own(9, 9, 10, 9, 9, 9, 9, 9, 9)])).toMatchObject({
      verdict: 'reached',
      bound: { atLeast: 0.9 },
    })
    expect(verdictOf(within, raw, again, own(8, 8, 8, 8, 8, 8, 8, 8, 8))).toBe('short')
    expect(verdictOf(within, raw, own(10, 10, 10))).toBe('not measured')
  })

  test('is not measured without its row, its subject, what it is held against, its measure, or any round', () => {
    for (const results of [
      [raw],
      [own(1)],
      [raw, result('holdfast', [1], { row: 'another' })],
      [raw, result('holdfast', [1], { measure: 'wall' })],
      [raw, own()],
      [result('raw', [0]), own(0)],
    ]) {
      expect(verdictOf(GOAL, ...results)).toBe('not measured')
    }
  })
})

function checked(goals: readonly Goal[], results: readonly Result[], nodes = [20]): { ok: boolean; lines: string } {
  const lines: string[] = []
  const ok = check(results, { goals, leftOut: 0 }, nodes, (line) => lines.push(line))
  return { ok, lines: lines.join('\n') }
}

describe('the check', () => {
  test('passes when nothing is short, and prints all three figures', () => {
    const { ok, lines } = checked([GOAL], [raw, own(1, 15, 16, 16, 17, 18, 19, 21, 90)])
    expect(ok).toBe(true)
    expect(lines).toContain('row, holdfast / raw (cpu): 1.70 (1.50 to 2.10), at most 2.00: not decidable here')
    expect(lines).toContain('0 reached, 0 short, 1 not decidable here')
  })

  test('fails for a goal that is short, and for one that was not measured', () => {
    expect(checked([GOAL], [raw, own(30, 30, 30)]).ok).toBe(false)
    const { ok, lines } = checked([GOAL], [])
    expect(ok).toBe(false)
    expect(lines).toContain('short (not measured)')
  })

  test('judges each version of Node.js by its own figures', () => {
    const good = [raw, own(10, 10, 10)]
    expect(checked([GOAL], good, [20, 24])).toMatchObject({ ok: false })
    const bad = good.map((one) => ({ ...one, node: 'v24.21.0', samples: one.subject === 'raw' ? [1] : [9] }))
    expect(checked([GOAL], [...good, ...bad], [20, 24])).toMatchObject({ ok: false })
    expect(checked([{ ...GOAL, nodes: [20] }], [...good, ...bad], [20, 24])).toMatchObject({ ok: true })
  })

  test('counts what was left out', () => {
    const lines: string[] = []
    check([], { goals: [], leftOut: 3 }, [20], (line) => lines.push(line))
    expect(lines.join('\n')).toContain('3 left out by --suite or --only')
  })
})

describe('the goals', () => {
  const { goals } = goalsFor(SUITES, undefined)

  test('each have a bound, and say one thing once', () => {
    expect(goals.filter(({ atMost, atLeast, control }) => (atMost ?? atLeast ?? control) === undefined)).toEqual([])
    expect(new Set(goals.map((goal) => JSON.stringify(goal))).size).toBe(goals.length)
  })

  test('cover every line, on Node 20 and on Node 24', () => {
    for (const major of [20, 24]) {
      const lines = goals.filter(({ nodes }) => nodes?.includes(major) ?? true).map(({ line }) => line)
      expect(new Set(lines)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]))
    }
  })

  test('are those of the suites and rows that were asked for', () => {
    const some = goalsFor(['micro'], 'hot RS256')
    expect(new Set(some.goals.map(({ row }) => row))).toEqual(new Set(['hot RS256']))
    expect(some.leftOut).toBe(goals.length - some.goals.length)
  })
})
