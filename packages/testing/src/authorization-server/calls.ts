/** What resource servers call. */
export type Endpoint = 'metadata' | 'keys' | 'introspection'

/** A request that came. */
export interface RecordedCall {
  /** `undefined` for a path that is none of the server's. */
  readonly endpoint: Endpoint | undefined
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The form parameters of the body; the last one where a name is repeated. */
  readonly parameters: Readonly<Record<string, string>>
  /** The server's wall clock, in milliseconds. */
  readonly at: number
}

/**
 * Every request that came, answered or not. In memory an attempt in an outage is one, too; a socket that was refused is
 * none: nothing came.
 */
export interface Calls {
  readonly metadata: number
  readonly keys: number
  readonly introspection: number
  readonly total: number
  /** The numbers as a plain object, to compare at once. */
  readonly counts: Readonly<Record<Endpoint, number>>
  /** Oldest first. */
  readonly all: readonly RecordedCall[]
  /** Those to one endpoint, oldest first. */
  to(endpoint: Endpoint): readonly RecordedCall[]
  /** Forgets all of them. */
  clear(): void
}

export interface CallLog extends Calls {
  record(call: RecordedCall): void
}

export function callLog(): CallLog {
  let all: readonly RecordedCall[] = []
  let counts: Record<Endpoint, number> = { metadata: 0, keys: 0, introspection: 0 }
  const log: RecordedCall[] = []
  return {
    record(call) {
      log.push(call)
      if (call.endpoint) counts[call.endpoint] += 1
    },
    get metadata() {
      return counts.metadata
    },
    get keys() {
      return counts.keys
    },
    get introspection() {
      return counts.introspection
    },
    get total() {
      return log.length
    },
    get counts() {
      return { ...counts }
    },
    get all() {
      return (all = all.length === log.length ? all : Object.freeze([...log]))
    },
    to: (endpoint) => log.filter((call) => call.endpoint === endpoint),
    clear() {
      log.length = 0
      all = []
      counts = { metadata: 0, keys: 0, introspection: 0 }
    },
  }
}
