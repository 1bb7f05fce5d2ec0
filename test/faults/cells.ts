import { type Target, TARGETS, type Weather, WEATHER } from './weather.ts'

/** How old what is known is when the request comes. */
export const AGES = ['cold', 'fresh', 'in grace', 'past grace'] as const
export type Age = (typeof AGES)[number]

export const KINDS = ['JWT', 'opaque'] as const
export type Kind = (typeof KINDS)[number]

/** One fault, at one endpoint, at one age, for one kind of token. */
export interface Cell {
  readonly weather: Weather
  readonly target: Target
  readonly age: Age
  readonly kind: Kind
}

export const CELLS: readonly Cell[] = WEATHER.flatMap((weather) =>
  TARGETS.flatMap((target) => AGES.flatMap((age) => KINDS.map((kind): Cell => ({ weather, target, age, kind })))),
)

/** Cells that say nothing, and why. The first rule that holds voids a cell. */
export interface VoidRule {
  readonly because: string
  readonly holds: (cell: Cell) => boolean
}

export const VOID: readonly VoidRule[] = [
  {
    because: 'an opaque token is verified without keys',
    holds: ({ target, kind }) => target === 'key set' && kind === 'opaque',
  },
  {
    because: 'only an introspection answer has a member "active"',
    holds: ({ weather, target }) => weather.name.startsWith('active: ') && target !== 'introspection',
  },
  {
    because: 'no socket has been used that could be closed',
    holds: ({ weather, age }) => weather.name.startsWith('idle socket') && age === 'cold',
  },
  {
    because: 'nothing is held whose age could jump',
    holds: ({ weather, age }) => weather.wallJump !== undefined && age === 'cold',
  },
]

export const voidBecause = (cell: Cell): string | undefined => VOID.find(({ holds }) => holds(cell))?.because
export const RUN: readonly Cell[] = CELLS.filter((cell) => voidBecause(cell) === undefined)
