import type { ActionName, LabState, Text, VariantName } from './frame.ts'
import type { Terms } from './terms.ts'

export const ACTIONS: Readonly<Record<ActionName, Text>> = {
  'rotate-keys': {
    title: 'Rotate keys',
    text: 'The server signs with a new key from now on. The old ones stay published.',
  },
  'withdraw-old-keys': {
    title: 'Withdraw old keys',
    text: 'The server publishes only the key that signs now. Users take new JWTs at their next use.',
  },
  'revoke-user': {
    title: 'Revoke a user at the server',
    text: 'The server ends the grant of the user who sends most. Opaque tokens are then inactive; a JWT cannot be ended there.',
  },
  'revoke-user-everywhere': {
    title: 'Revoke a user everywhere',
    text: 'The same, and server.revoke({ sub }) is called in both Holdfast APIs, which then refuse the JWTs, too.',
  },
  drill: {
    title: 'Drill',
    text: 'Both Holdfast APIs count for a while what they would serve if the server were gone, and touch no request. The log says what came of it.',
  },
}

/** What a frame and its page call the four APIs, and what is behind each name. */
export function variantTexts(terms: Terms): Readonly<Record<VariantName, Text & { readonly oldest: number }>> {
  const oldest = terms.fresh + terms.grace
  const holdfast = `An introspection answer counts for ${inSeconds(terms.fresh)} and may stand in for ${inSeconds(terms.grace)} more.`
  return {
    express: { title: 'Holdfast, Express', text: `${holdfast} Everything else is the default.`, oldest },
    koa: { title: 'Holdfast, Koa', text: 'The same behind another framework, with a memory of its own.', oldest },
    ttl: {
      title: 'Plain TTL cache',
      text: `Keeps an introspection answer for ${inSeconds(terms.ttl)} and the key set for ${inSeconds(terms.keys)}. What fails is 401, as in common middleware.`,
      oldest: terms.ttl,
    },
    none: {
      title: 'No cache',
      text: 'Asks the server at every request: about an opaque token, and for the keys of a JWT. What fails is 401.',
      oldest: 0,
    },
  }
}

/** The numbers that a spectator has to know. */
export function constantTexts(terms: Terms): LabState['constants'] {
  return [
    {
      name: 'fresh',
      value: inSeconds(terms.fresh),
      text: 'Holdfast asks again after this. Default of the library: 60 s.',
    },
    {
      name: 'grace',
      value: inSeconds(terms.grace),
      text: 'For so long after that a known token is served stale. Default of the library: 300 s.',
    },
    {
      name: 'negative',
      value: inSeconds(terms.negative),
      text: 'Holdfast refuses an inactive token for this long without asking again. The default at speed 1.',
    },
    { name: 'ttl', value: inSeconds(terms.ttl), text: 'The plain cache keeps an introspection answer for this long.' },
    {
      name: 'keys',
      value: inSeconds(terms.keys),
      text: 'The plain cache keeps the key set for this long, as jose does. Holdfast: 24 h in an outage.',
    },
    {
      name: 'keys cooldown',
      value: inSeconds(terms.keysCooldown),
      text: 'The plain cache fetches the key set for an unknown key once in this long, as jose does.',
    },
  ]
}

function inSeconds(ms: number): string {
  return `${Math.round(ms / 10) / 100} s`
}
