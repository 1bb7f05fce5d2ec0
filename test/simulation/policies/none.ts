import { extract } from '#core/extract'
import { accepted, type Policy, REFUSED, UNDECIDED } from '../world/contender.ts'
import { asking } from './asking.ts'

/** No cache: every request is introspected. */
export const none: Policy = (ports) => {
  const introspector = asking(ports)
  return {
    decide(request) {
      const { clock } = ports
      const asked = clock.monotonic()
      return introspector.introspect({ token: extract(request, { maxLength: Infinity }) }).then(
        (answer) => {
          const isGood = answer.is === 'active' && clock.wall() < (answer.claims['exp'] as number) * 1_000
          return isGood ? accepted(clock.monotonic() - asked) : REFUSED
        },
        () => UNDECIDED,
      )
    },
    close: () => Promise.resolve(),
  }
}
