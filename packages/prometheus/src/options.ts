import { type Check, fail, object, optional } from '@holdfast/core/adapter'

/** Upper bounds of the histograms, rising, in seconds. */
export interface BucketOptions {
  /** Of live verifications. Default: 0.1 ms to 2.5 s. */
  readonly verification?: readonly number[]
  /** Of introspection calls. Default: 1 ms to 5 s. */
  readonly introspection?: readonly number[]
  /** Of the wait for a turn. Default: 1 ms to 2.5 s. */
  readonly queueWait?: readonly number[]
  /** Of the age of stale evidence. Default: 1 minute to 61 minutes, which is the oldest that `'available'` serves. */
  readonly staleAge?: readonly number[]
}

/** Options of {@link prometheus}. */
export interface PrometheusOptions {
  readonly buckets?: BucketOptions
}

export type Buckets = Required<BucketOptions>

/** The names have no prefix of your own: the dashboard and the rules go by them. Tell servers apart by labels. */
export function resolveBuckets(options: PrometheusOptions): Buckets {
  return shape(options, '').buckets
}

/** Most buckets of one histogram: each is a series, for each issuer and label. */
const MAX_BUCKETS = 50

const usual: Buckets = {
  verification: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  introspection: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
  // 20 ms make an endpoint limited; 250 ms and 1 s are how long callers wait.
  queueWait: [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  // Dense where 80 % and all of the bounds of the presets lie: 360 s and 3,660 s.
  staleAge: [60, 75, 90, 120, 150, 180, 210, 240, 270, 290, 320, 360, 600, 900, 1_800, 2_900, 3_300, 3_660],
}

const shape: Check<{ buckets: Buckets }> = object({
  buckets: (value, path) =>
    object<Buckets>({
      verification: optional(bounds, usual.verification),
      introspection: optional(bounds, usual.introspection),
      queueWait: optional(bounds, usual.queueWait),
      staleAge: optional(bounds, usual.staleAge),
    })(value === undefined ? {} : value, path),
})

function bounds(value: unknown, path: string): readonly number[] {
  const isFit = Array.isArray(value) && value.length > 0 && value.length <= MAX_BUCKETS && value.every(isRising)
  return isFit
    ? Object.freeze([...(value as number[])])
    : fail(path, value, `a list of 1 to ${MAX_BUCKETS} rising numbers of seconds, such as [0.01, 0.1, 1]`)
}

function isRising(one: unknown, index: number, all: readonly unknown[]): boolean {
  return typeof one === 'number' && Number.isFinite(one) && one > (index === 0 ? 0 : (all[index - 1] as number))
}
