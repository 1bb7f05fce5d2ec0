import * as fc from 'fast-check'

/** How often each outcome came: `accepted`, or why not. */
export type Outcomes = Map<string, number>

/** An input that something other than a defined outcome came of, told by what finds it again. */
export interface Failure {
  readonly seed: number
  readonly report: string
}

/** One parser, or the whole path, and the inputs for it. */
export interface Target {
  readonly name: string
  /** The part it gets of the inputs that a parser gets: below 1 where one input is the work of many, or one of many does it. */
  readonly share: number
  /** Runs so many inputs made from the seed. @returns The failure, shrunk, or nothing. */
  readonly run: (seed: number, inputs: number, outcomes: Outcomes) => Promise<Failure | undefined>
  /** Inputs of a given size, in shapes that an attacker would choose. Empty where the size is no measure. */
  readonly shapes: Readonly<Record<string, Shape>>
  /** Ends what the target has opened. */
  readonly close: () => Promise<void>
}

/** Makes an input of about `size` characters; what it returns judges it. */
export type Shape = (size: number) => () => unknown

interface Parts<T> {
  readonly name: string
  readonly inputs: fc.Arbitrary<T>
  /** Says what came of an input, and throws where that is nothing defined or nothing right. */
  readonly judge: (input: T) => string
  readonly shapes?: Readonly<Record<string, (size: number) => T>>
}

interface LaterParts<T> {
  readonly name: string
  /** Default 1. */
  readonly share?: number
  readonly inputs: fc.Arbitrary<T>
  readonly judge: (input: T) => Promise<string>
  readonly close?: () => Promise<void>
}

function failureOf<T>(seed: number, details: fc.RunDetails<T>): Failure | undefined {
  if (!details.failed) return undefined
  const { errorInstance } = details
  const cause = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance)
  return { seed, report: `${fc.defaultReportMessage(details)}\n${cause}` }
}

const counted = (outcomes: Outcomes, outcome: string): void => {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
}

/** A parser that answers at once. */
export function target<T>({ name, inputs, judge, shapes = {} }: Parts<T>): Target {
  return {
    name,
    share: 1,
    run: async (seed, numRuns, outcomes) => {
      const property = fc.property(inputs, (input) => counted(outcomes, judge(input)))
      return failureOf(seed, fc.check(property, { seed, numRuns }))
    },
    shapes: Object.fromEntries(
      Object.entries(shapes).map(([shape, make]) => [
        shape,
        (size) => {
          const input = make(size)
          return () => judge(input)
        },
      ]),
    ),
    close: async () => undefined,
  }
}

/** Something that answers later. */
export function laterTarget<T>({ name, share = 1, inputs, judge, close }: LaterParts<T>): Target {
  return {
    name,
    share,
    run: async (seed, numRuns, outcomes) => {
      const property = fc.asyncProperty(inputs, async (input) => counted(outcomes, await judge(input)))
      return failureOf(seed, await fc.check(property, { seed, numRuns }))
    },
    shapes: {},
    close: close ?? (async () => undefined),
  }
}

/** Fails the input in hand. */
export function broken(what: string): never {
  throw new Error(what)
}

/** Requires something of an outcome. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) broken(what)
}
