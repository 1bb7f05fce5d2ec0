import { flag, object, integer, oneOf, optional, span, withDefault, type Check } from './check.ts'
import { DEFAULTS, PRESETS } from './defaults.ts'
import type { ResiliencePreset } from './options.ts'
import type { CacheSettings, ResilienceSettings } from './settings.ts'

/** Checks of the options that bound something: memory, time, calls. */

const positive = {
  entries: optional(integer(1, 10_000_000), DEFAULTS.entries),
  bytes: optional(integer(1_024, 2 ** 36), DEFAULTS.bytes),
}

export const cache: Check<CacheSettings> = withDefault(
  object<CacheSettings>({
    introspected: withDefault(object({ ...positive, persist: optional(flag, false) }), {}),
    jwts: withDefault(object(positive), {}),
    negative: withDefault(
      object({
        entries: optional(integer(1, 1_000_000), DEFAULTS.negative.entries),
        ttl: withDefault(span('0s', '300s'), DEFAULTS.negative.ttl),
      }),
      {},
    ),
    revocations: withDefault(object({ entries: optional(integer(1, 1_000_000), DEFAULTS.revocations) }), {}),
  }),
  {},
)

const preset = oneOf('strict', 'balanced', 'available')

/** A preset, or the numbers themselves on top of one. */
export const resilience: Check<ResilienceSettings> = (value, path) => {
  const options = value === undefined || typeof value === 'string' ? { preset: value } : value
  const name = presetOf(options, path)
  const { preset: _, ...numbers } = object<
    Omit<ResilienceSettings, 'documentFreshness'> & { preset: ResiliencePreset }
  >({
    preset: () => name,
    fresh: withDefault(span('0s', '1h'), DEFAULTS.fresh),
    grace: withDefault(span('0s', '24h'), PRESETS[name].grace),
    // Under twice the longest freshness a single failed refresh could take the keys away.
    keysHardBound: withDefault(span('2h', '30d'), PRESETS[name].keysHardBound),
    wait: withDefault(span('10ms', '60s'), DEFAULTS.wait),
    graceWait: withDefault(span('0ms', '60s'), DEFAULTS.graceWait),
    introspectionDeadline: withDefault(span('10ms', '60s'), DEFAULTS.introspectionDeadline),
    documentDeadline: withDefault(span('10ms', '60s'), DEFAULTS.documentDeadline),
    connectTimeout: withDefault(span('10ms', '60s'), DEFAULTS.connectTimeout),
    maxInFlight: optional(integer(1, 10_000), DEFAULTS.maxInFlight),
    maxWaitingKnown: optional(integer(1, 1_000_000), DEFAULTS.maxWaitingKnown),
    maxWaitingNew: optional(integer(1, 1_000_000), DEFAULTS.maxWaitingNew),
  })(options, path)
  return Object.freeze({ ...numbers, documentFreshness: Object.freeze({ ...DEFAULTS.documentFreshness }) })
}

function presetOf(options: unknown, path: string): ResiliencePreset {
  const written = typeof options === 'object' && options !== null ? (options as { preset?: unknown }).preset : undefined
  return withDefault(preset, 'balanced')(written, path)
}
