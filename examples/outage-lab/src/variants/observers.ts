import type { DrillReport, EndpointEvent, HoldfastEvent, Observer } from '@holdfast/core'
import type { Note } from '../frame.ts'

/** Two observers of one server. */
export function both(first: Observer, second: Observer): Observer {
  return {
    on(event) {
      first.on(event)
      second.on(event)
    },
    attach(server) {
      first.attach?.(server)
      second.attach?.(server)
    },
    detach(server) {
      first.detach?.(server)
      second.detach?.(server)
    },
  }
}

/** Writes down the few events that a spectator should not miss. */
export function noteTaker(note: (about: Note['about'], text: string) => void): Observer {
  return {
    on(event) {
      const said = inWords(event)
      if (said) note(...said)
    },
  }
}

function inWords(event: HoldfastEvent): readonly [Note['about'], string] | undefined {
  if (event.type === 'endpoint') return ['endpoint', endpointInWords(event)]
  if (event.type === 'document' && event.document === 'keys')
    return ['keys', `key set ${event.result} (${event.trigger})`]
  if (event.type === 'signal') return ['signal', `${event.signal}: ${event.count} in ${event.window / 1_000} s`]
  if (event.type === 'drill' && event.report) return ['drill', drillInWords(event.report)]
  return undefined
}

function drillInWords({ ratio, served, refused }: DrillReport): string {
  if (ratio === undefined) return 'drill: no requests came'
  const lost = Object.values(refused.opaque).reduce((sum, count) => sum + count, 0)
  return `drill: without the server ${Math.floor(ratio * 100)} % would have been served: ${served.jwt} JWTs, ${served.opaque} opaque tokens and not ${lost} others`
}

function endpointInWords({ state, previous, misconfigured }: EndpointEvent): string {
  const states = state === previous ? state : `${state}, was ${previous}`
  if (misconfigured) return `${states}; rejects our credentials`
  return state === previous ? 'takes our credentials again' : states
}
