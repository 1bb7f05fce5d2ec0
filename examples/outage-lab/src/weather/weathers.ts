import type { Text, WeatherName } from '../frame.ts'
import type { Fault } from './fault.ts'

export interface Weather extends Text {
  readonly fault: Fault
  /** Whether the authorization server still takes the credentials of the APIs. */
  readonly knowsApis: boolean
}

const SLOW_MS = 700
/** Calls per second of each API. In health the plain cache needs about twice as many, and the API without one forty. */
const BROWNOUT_CAPACITY = 3

/** Every weather: what it does, and what a person is told of it. */
export const WEATHERS: Readonly<Record<WeatherName, Weather>> = {
  healthy: {
    title: 'Healthy',
    text: 'The authorization server answers within milliseconds.',
    fault: { is: 'none' },
    knowsApis: true,
  },
  slow: {
    title: 'Slow',
    text: `Every answer comes ${SLOW_MS} ms late.`,
    fault: { is: 'slow', by: SLOW_MS },
    knowsApis: true,
  },
  brownout: {
    title: 'Brownout',
    text: `It works on ${BROWNOUT_CAPACITY} calls per second of each API, first come first served, whether or not their caller still waits.`,
    fault: { is: 'capacity', perSecond: BROWNOUT_CAPACITY },
    knowsApis: true,
  },
  down: {
    title: 'Down',
    text: 'Nobody answers: every connection of the APIs is reset. Users still get tokens, so that new ones keep coming.',
    fault: { is: 'reset' },
    knowsApis: true,
  },
  nonsense: {
    title: 'Lying: nonsense',
    text: 'Every call is answered 200 with a JSON object that is no verdict, no key set and no metadata.',
    fault: { is: 'answer', endpoints: ['introspection', 'keys', 'metadata'], body: { status: 'ok' } },
    knowsApis: true,
  },
  'all-inactive': {
    title: 'Lying: all inactive',
    text: 'It calls every token inactive, as a server does that lost its database. That is a verdict: nobody can tell it from a true one.',
    fault: { is: 'answer', endpoints: ['introspection'], body: { active: false } },
    knowsApis: true,
  },
  'wrong-credentials': {
    title: 'Wrong credentials',
    text: 'The secret of the APIs was changed at the authorization server and nowhere else: introspection is answered 401.',
    fault: { is: 'none' },
    knowsApis: false,
  },
}

export const WEATHER_NAMES: readonly WeatherName[] = Object.keys(WEATHERS) as WeatherName[]
