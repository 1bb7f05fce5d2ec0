import { ConfigError } from '../errors.ts'
import type { AcceptsOptions } from './issuer-options.ts'

/** A rule ready to use, with tokens it takes. */
export interface AcceptsRule {
  readonly takes: (token: string) => boolean
  readonly probes: readonly string[]
  readonly spelling: Spelling
  /** A token that this rule might take, with another's spelling where it asks for none of its own. */
  readonly fitted: (other: Spelling) => string
}

interface Spelling {
  readonly prefix: string | undefined
  readonly length: number | undefined
}

const ALPHABETS = { hex: /^[0-9a-fA-F]+$/, base64url: /^[A-Za-z0-9_-]+$/, token68: /^[A-Za-z0-9\-._~+/]+=*$/ } as const

/** Compiles a rule. @throws {ConfigError} when it says nothing, or does not take its own examples. */
export function acceptsRule(
  options: { readonly [K in keyof AcceptsOptions]: AcceptsOptions[K] | undefined },
  path: string,
): AcceptsRule {
  const { prefix, length, alphabet, test, examples = [] } = options
  if (prefix === undefined && length === undefined && alphabet === undefined && test === undefined) {
    throw new ConfigError(
      `option "${path}" says nothing; write { prefix: '…' }, { length, alphabet } or { test, examples }`,
    )
  }
  if (test && examples.length === 0) {
    throw new ConfigError(`option "${path}.examples" is missing; write one or more made-up tokens that "test" takes`)
  }
  const takes = (token: string): boolean =>
    (prefix === undefined || token.startsWith(prefix)) &&
    (length === undefined || token.length === length) &&
    (alphabet === undefined || ALPHABETS[alphabet].test(token)) &&
    (test === undefined || (test(token) as unknown) === true)
  const refusedExample = examples.findIndex((example) => !takes(example))
  if (refusedExample !== -1)
    throw new ConfigError(`option "${path}.examples[${refusedExample}]" is not taken by its own rule`)
  const probes = examples.length > 0 ? examples : [madeUp(prefix ?? '', length)]
  if (!probes.every(takes)) {
    throw new ConfigError(
      `option "${path}" contradicts itself; write a prefix that fits "length" and "alphabet", which count for the whole token`,
    )
  }
  const fitted = ({ prefix: other = '', length: size }: Spelling): string => madeUp(prefix ?? other, length ?? size)
  return { takes, probes, spelling: { prefix, length }, fitted }
}

/** A token that a declarative rule takes: digits and letters that every alphabet has. */
function madeUp(prefix: string, length = prefix.length + 32): string {
  return prefix + 'a0'.repeat(length).slice(0, Math.max(0, length - prefix.length))
}

/** A token of one issuer must never be shown to another. @throws {ConfigError} when two rules take the same probe. */
export function checkDisjoint(rules: readonly { readonly issuer: string; readonly rule: AcceptsRule }[]): void {
  for (const one of rules) {
    for (const other of rules) {
      if (one !== other && overlap(one.rule, other.rule)) {
        throw new ConfigError(
          `the "accepts" rules of ${JSON.stringify(one.issuer)} and ${JSON.stringify(other.issuer)} take the same opaque tokens; write rules of which only one takes a token, such as different prefixes`,
        )
      }
    }
  }
}

function overlap(one: AcceptsRule, other: AcceptsRule): boolean {
  const both = one.fitted(other.spelling)
  return one.probes.some(other.takes) || (one.takes(both) && other.takes(both))
}
