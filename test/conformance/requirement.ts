/** How binding a requirement is: in the words of its source, or a choice of this project where the sources leave room. */
export type Level = 'MUST' | 'SHOULD' | 'MAY' | 'CHOICE'

/**
 * Where a requirement shows: in the answer to a `request`; on the `network` towards the authorization server; in what
 * `configuration` is taken; in what the `process` does or an application calls; in the `documentation`.
 */
export type Where = 'request' | 'network' | 'configuration' | 'process' | 'documentation'

export interface Remark {
  /** Nothing tests it yet, because what it is about is not built yet. */
  readonly deferred?: 'later'
  /** This project does otherwise: what it does, and why. Tests hold it to this. */
  readonly decided?: string
}

/** Level, source (`Project` for a rule of our own), where it shows, what it asks in a sentence, and what is to be said about it. */
export type Requirement = readonly [level: Level, source: string, where: Where, statement: string, remark?: Remark]

export type Section = Readonly<Record<string, Requirement>>

/** A section of which nothing is built yet. */
export function later<T extends Section>(section: T): { readonly [Id in keyof T]: Requirement } {
  const rows = Object.entries(section).map(([id, [level, source, where, statement]]) => [
    id,
    [level, source, where, statement, { deferred: 'later' }],
  ])
  return Object.fromEntries(rows) as { readonly [Id in keyof T]: Requirement }
}
