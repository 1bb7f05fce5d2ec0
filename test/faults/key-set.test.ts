import { faultsAt } from './run.ts'

faultsAt('key set')
