/** `@holdfast/prometheus`: what a resource server does, as metrics of prom-client. */
export { prometheus } from './prometheus.ts'
export type { BucketOptions, PrometheusOptions } from './options.ts'
export type { Register } from './registered.ts'
