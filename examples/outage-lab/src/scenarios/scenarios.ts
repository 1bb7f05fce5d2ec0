import type { ActionName, Load, ScenarioName, Text, WeatherName } from '../frame.ts'

/** Something that is done `at` so many seconds after the start. */
export type Step = { readonly at: number } & (
  | { readonly weather: WeatherName }
  | { readonly action: ActionName }
  | { readonly load: Partial<Load> }
)

export interface Scenario extends Text {
  readonly seconds: number
  /** By time. Each begins healthy, with the usual load. */
  readonly steps: readonly Step[]
}

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  'outage-and-recovery': {
    title: 'Outage and recovery',
    text: 'The server is gone for 90 s, which is longer than known tokens may go on, and comes back. Watch who tells good clients that their tokens are bad, and how fast all is well again.',
    seconds: 150,
    steps: [
      { at: 25, weather: 'down' },
      { at: 115, weather: 'healthy' },
    ],
  },
  brownout: {
    title: 'Brownout',
    text: 'For a minute the server can do a fraction of what it is asked. Watch the queue, who goes first in it, and how long callers wait.',
    seconds: 120,
    steps: [
      { at: 25, weather: 'brownout' },
      { at: 85, weather: 'healthy' },
    ],
  },
  'wrong-credentials': {
    title: 'Wrong credentials',
    text: 'Somebody changes the secret of the APIs at the server only. Watch who takes a mistake of the operator for bad tokens, and who knocks at the closed door how often.',
    seconds: 90,
    steps: [
      { at: 25, weather: 'wrong-credentials' },
      { at: 65, weather: 'healthy' },
    ],
  },
  'key-rotation': {
    title: 'Key rotation',
    text: 'Two new keys within 15 s, and a third while the server is gone. Watch the first JWTs of each key.',
    seconds: 100,
    steps: [
      { at: 20, action: 'rotate-keys' },
      { at: 35, action: 'rotate-keys' },
      { at: 50, weather: 'down' },
      { at: 55, action: 'rotate-keys' },
      { at: 75, weather: 'healthy' },
    ],
  },
  revocation: {
    title: 'Revocation',
    text: 'Users are revoked: at the server, at the server and in the APIs, and at the server during an outage. Watch for how long a revoked token is accepted, and where.',
    seconds: 120,
    steps: [
      { at: 20, action: 'revoke-user' },
      { at: 45, action: 'revoke-user-everywhere' },
      { at: 60, weather: 'down' },
      { at: 65, action: 'revoke-user' },
      { at: 90, weather: 'healthy' },
    ],
  },
  'lying-server': {
    title: 'Lying server',
    text: 'First the server answers nonsense, then it calls every token inactive. The first is no verdict. The second is one: every API must refuse, and only a signal tells the operator.',
    seconds: 110,
    steps: [
      { at: 20, weather: 'nonsense' },
      { at: 50, weather: 'healthy' },
      { at: 70, weather: 'all-inactive' },
      { at: 85, weather: 'healthy' },
    ],
  },
  flood: {
    title: 'Flood',
    text: 'Made-up tokens from many addresses, first on a healthy server, then in a brownout. Watch what is left for the users.',
    seconds: 110,
    steps: [
      { at: 20, load: { flood: 40 } },
      { at: 40, weather: 'brownout' },
      { at: 80, weather: 'healthy' },
      { at: 90, load: { flood: 0 } },
    ],
  },
}

export const SCENARIO_NAMES: readonly ScenarioName[] = Object.keys(SCENARIOS) as ScenarioName[]
