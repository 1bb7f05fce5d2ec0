import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import {
  type AcceptedMessage,
  type AuthError,
  ConfigError,
  createResourceServer,
  type HoldfastEvent,
  type Signal,
  unauthenticated,
} from '@holdfast/core'
import { protect } from '@holdfast/express'
import { describe, expect, test } from 'vitest'

import { CODES, descriptionOf, type Reason, REASONS } from '../../packages/core/src/errors.ts'
import { HINTS } from '../../packages/core/src/hints.ts'
import type { TroubleKind } from '../../packages/core/src/introspection/introspector.ts'
import { PRESETS } from '../../packages/core/src/options/defaults.ts'
import type { ResourceServerOptions } from '../../packages/core/src/options/options.ts'
import { resolveSettings } from '../../packages/core/src/options/resolve.ts'
import { SURGE_SHARE, THRESHOLDS } from '../../packages/core/src/signals/signals.ts'
import { code, page, root, tableRows } from './documents.ts'

const BASE = {
  issuers: [{ issuer: 'https://login.example.com', introspection: { client: unauthenticated() } }],
  audience: 'https://api.example.com',
}
const UNHEARD_OF = 'noSuchOptionHasThisName'

/** Options in which the one at `path` (`issuers[].jwt.mode`) has this value. */
function withOption(path: string, value: unknown): ResourceServerOptions {
  const names = path.replace('[]', '.0').split('.')
  const put = (into: unknown, [name, ...rest]: readonly string[]): unknown => {
    if (name === undefined) return value
    const inner = put((into as Record<string, unknown> | undefined)?.[name], rest)
    return Array.isArray(into) ? [inner] : { ...(into as object | undefined), [name]: inner }
  }
  return put(BASE, names) as ResourceServerOptions
}

/** What the server says to options that it refuses. */
function complaint(path: string, value: unknown): string | undefined {
  try {
    createResourceServer(withOption(path, value))
    return undefined
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

/** The options at a place and below, as the server itself lists them when it meets an unknown one. */
function optionsBelow(path: string): readonly string[] {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const list = / the options here are (.*)$/.exec(complaint(at(UNHEARD_OF), 1) ?? '')?.[1]
  if (list === undefined) return []
  return [...list.matchAll(/"([^"]+)"/g)].flatMap(([, name]) => {
    const option = at(name!)
    return [option, ...optionsBelow(option === 'issuers' ? 'issuers[]' : option)]
  })
}

/** What the server says to write where it is given -1. */
function expectation(path: string): string {
  return /; write (.*)$/.exec(complaint(path, -1) ?? '')?.[1] ?? ''
}

const BOUNDS = /^a (?:duration with its unit, from (\S+) to (\S+)|whole number from (\d+) to (\d+))$/

interface Row {
  readonly name: string
  readonly takes: string
  readonly fallback: string | undefined
}

const OPTIONS = page('docs/options.md')
const rowsOf = (heading: string, prefix = ''): readonly Row[] =>
  tableRows(OPTIONS, heading)
    .filter((cells) => cells.length === 4)
    .map(([name, takes, fallback]) => ({ name: prefix + code(name), takes: takes!, fallback: code(fallback) }))

describe('docs/options.md', () => {
  const rows = [
    ...rowsOf('The server'),
    ...rowsOf('One issuer', 'issuers[].'),
    ...rowsOf('How old evidence may be'),
    ...rowsOf('Memory'),
  ]
  /** Names that only hold others need no row. */
  const actual = optionsBelow('')
  const leaves = actual.filter((name) => !actual.some((other) => other.startsWith(`${name}.`)))

  test('lists every option once, and no other', () => {
    expect(leaves.length).toBeGreaterThan(50)
    expect(leaves.filter((name) => !rows.some((row) => row.name === name))).toEqual([])
    expect(rows.filter(({ name }) => !actual.includes(name))).toEqual([])
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
  })

  test('has the defaults: writing one changes nothing', () => {
    const written = rows.filter(({ fallback }) => fallback !== undefined && isValue(fallback))
    const asWritten = written.map((row) => [row.name, settingsOf(withOption(row.name, valueOf(row.fallback!)))])
    expect(written.length).toBeGreaterThan(25)
    expect(asWritten).toEqual(written.map(({ name }) => [name, settingsOf(BASE)]))
  })

  test('has the bounds and the choices that the server names when it refuses a value', () => {
    const forgotten = rows.flatMap(({ name, takes }) => {
      const expected = expectation(name)
      const [, ...bounds] = BOUNDS.exec(expected) ?? []
      const choices = /^'[^']+'(?: or '[^']+')+$/.test(expected) ? expected.split(' or ') : []
      return [...bounds, ...choices].filter((value) => value !== undefined && !takes.includes(value))
    })
    expect(forgotten).toEqual([])
  })

  test('only options without a default have none that can be written', () => {
    const closed = /^(?:a duration|a whole number|true or false|'[^']+' or )/
    const without = rows.filter(
      ({ name, fallback }) => closed.test(expectation(name)) && (fallback === undefined || !isValue(fallback)),
    )
    expect(without.map(({ name }) => name)).toEqual([
      'profile',
      'requireHttps',
      'dpop.nonce.lifetime',
      'dpop.nonce.replacesAge',
      'mtls.field.format',
      'mtls.field.maxLength',
      'issuers[].jwt.maxTokenAge',
      'issuers[].jwt.maxTokenLifetime',
      'issuers[].jwt.maxAudiences',
      'issuers[].introspection.signed.maxAge',
      'issuers[].accepts.length',
      'issuers[].accepts.alphabet',
    ])
  })

  test('has the presets', () => {
    const presets = tableRows(OPTIONS, 'How old evidence may be').filter((cells) => cells.length === 3)
    const written = presets.map((cells) => cells.map((cell) => valueOf(code(cell)!)))
    expect(written).toEqual(
      Object.entries(PRESETS).map(([name, { grace, keysHardBound }]) => [name, grace, keysHardBound]),
    )
  })

  test('lists the options of protect()', () => {
    const names = rowsOf('protect\\(\\)').map(({ name }) => name.split('.', 1)[0])
    expect(() => protect(BASE, { [UNHEARD_OF]: 1 } as object)).toThrow(
      `the options here are ${names.map((name) => `"${name}"`).join(', ')}`,
    )
  })
})

/** Everything but the ports, which are made anew for every server. */
function settingsOf(options: ResourceServerOptions): object {
  const { ports: _, ...settings } = resolveSettings(options)
  return settings
}

const isValue = (text: string): boolean => /^(?:'[^']*'|[\d_]+|true|false)$/.test(text)

/** The value that a literal in a table stands for. */
function valueOf(literal: string): unknown {
  if (literal.startsWith("'")) return literal.slice(1, -1)
  return literal === 'true' || literal === 'false' ? literal === 'true' : Number(literal.replaceAll('_', ''))
}

describe('docs/errors.md', () => {
  test('says of every reason what clients are told', () => {
    const rows = tableRows(page('docs/errors.md')).filter((cells) => cells.length === 5)
    const written = rows.map(([reason, error, status, description]) => [
      code(reason),
      code(error),
      Number(status),
      description,
    ])
    const actual = (Object.keys(REASONS) as Reason[]).map((reason) => {
      const [error] = REASONS[reason]
      return [reason, error, CODES[error], descriptionOf(reason) ?? '']
    })
    expect(written).toEqual(actual)
  })

  test('has the hint of every reason, and names those that need none', () => {
    const written = tableRows(page('docs/errors.md'), 'What to look at').map(([reason, hint]) => [code(reason), hint])
    const reasons = Object.keys(HINTS) as Reason[]
    expect(written).toEqual(reasons.flatMap((reason) => (HINTS[reason] ? [[reason, HINTS[reason]]] : [])))
    const none = /^Nothing but the request itself can be mended for (.*)\.$/m.exec(page('docs/errors.md').text)?.[1]
    expect(none?.split(', ').map(code)).toEqual(reasons.filter((reason) => HINTS[reason] === undefined))
  })

  test('names the members of an error', () => {
    const members: Record<Exclude<keyof AuthError, 'name' | 'stack' | 'toJSON' | 'message'>, true> = {
      reason: true,
      code: true,
      status: true,
      statusCode: true,
      expose: true,
      headers: true,
      getResponse: true,
      cause: true,
    }
    const { text } = page('docs/errors.md')
    expect(Object.keys(members).filter((name) => !new RegExp(`\`${name}(?:\\(\\))?\``).test(text))).toEqual([])
  })
})

type Fields<T extends HoldfastEvent['type']> = Record<Exclude<keyof Extract<HoldfastEvent, { type: T }>, 'type'>, true>

describe('docs/events.md', () => {
  const events = tableRows(page('docs/events.md'), 'Types')
  const advice = tableRows(page('docs/events.md'), 'Advice')

  test('lists every type of event with its fields', () => {
    // The compiler keeps this in step with the types.
    const types: { readonly [T in HoldfastEvent['type']]: Fields<T> } = {
      refused: { reason: true, status: true, issuer: true, kind: true, unverified: true, detail: true, hint: true },
      verified: { issuer: true, kind: true, duration: true },
      stale: { issuer: true, age: true },
      document: { document: true, issuer: true, result: true, trigger: true, trouble: true },
      endpoint_moved: { issuer: true, endpoint: true, refused: true },
      key_skipped: { issuer: true, why: true },
      introspection: { issuer: true, class: true, waited: true, result: true, trouble: true, duration: true },
      endpoint: { issuer: true, state: true, previous: true, misconfigured: true },
      revocation: { result: true },
      store_failed: { operation: true },
      signal: { signal: true, issuer: true, count: true, window: true },
      drill: { issuer: true, state: true, report: true },
      advice: { code: true, issuer: true, message: true },
    }
    const written = events.map(([type, fields]) => [code(type), fields!.split(', ').map(code)])
    expect(written).toEqual(Object.entries(types).map(([type, fields]) => [type, Object.keys(fields)]))
  })

  test('lists every signal with its threshold', () => {
    const written = tableRows(page('docs/events.md'), 'Security signals').map(([signal, when]) => [code(signal), when])
    expect(written.map(([signal]) => signal)).toEqual(Object.keys(THRESHOLDS))
    for (const [signal, when] of written) {
      const { count, window } = THRESHOLDS[signal as Signal]
      expect(when).toMatch(new RegExp(`\\b${count}\\b`))
      expect(when).toContain(` ${window / 1_000} s`)
    }
    expect(written.find(([signal]) => signal === 'inactive_surge')?.[1]).toContain(`${SURGE_SHARE * 100} %`)
  })

  test('has the fields of a message about an accepted token', () => {
    const fields: Record<keyof AcceptedMessage, true> = {
      issuer: true,
      kind: true,
      source: true,
      stale: true,
      age: true,
    }
    const rows = tableRows(page('docs/events.md'), 'Listening with diagnostics_channel')
    expect(rows.map(([field]) => code(field))).toEqual(Object.keys(fields))
  })

  test('lists every trouble of an introspection', () => {
    const kinds: Record<TroubleKind, true> = {
      misconfigured: true,
      throttled: true,
      server_error: true,
      unexpected_status: true,
      malformed: true,
      unsigned: true,
      undecryptable: true,
      signature: true,
      foreign: true,
      outdated: true,
      keys_unavailable: true,
      timeout: true,
      connect: true,
      dns: true,
      address_denied: true,
      tls: true,
      reset: true,
      too_large: true,
      protocol: true,
      no_endpoint: true,
      credentials_failed: true,
      overloaded: true,
      down: true,
      closed: true,
    }
    const sentence = /^`trouble` of `introspection` is one of (.*)\.$/m.exec(page('docs/events.md').text)?.[1]
    expect(sentence?.split(', ').map(code)).toEqual(Object.keys(kinds))
  })

  test('lists every advice that the sources give', () => {
    const sources = readdirSync(join(root, 'packages'))
      .map((name) => join(root, 'packages', name, 'src'))
      .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)))
      .filter((file) => file.endsWith('.ts'))
    const given = sources.flatMap((file) => readFileSync(file, 'utf8').match(/HOLDFAST_[A-Z_]+[A-Z]/g) ?? [])
    expect(new Set(advice.map(([name]) => code(name)))).toEqual(new Set(given))
  })
})
