import { faultsAt } from './run.ts'

faultsAt('introspection')
