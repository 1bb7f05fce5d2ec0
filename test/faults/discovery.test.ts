import { faultsAt } from './run.ts'

faultsAt('discovery')
