import { holdsInSmallRuns } from './random/tests.ts'

holdsInSmallRuns({ from: 501, count: 500 })
