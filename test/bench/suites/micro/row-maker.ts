import type { Row } from '../../measure.ts'
import type { Authority } from './authority.ts'

/** A row that is made when it is measured: tokens and servers of the others would only be in the way. */
export interface RowMaker {
  readonly name: string
  /** @param distinct How many different tokens a row has that wants them. */
  readonly make: (authority: Authority, distinct: number) => Promise<Omit<Row, 'name'>>
}
