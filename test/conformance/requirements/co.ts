import type { Section } from '../requirement.ts'

export const CO = {
  'CO-01': [
    'MUST',
    'Fetch',
    'request',
    'A preflight is not refused for lack of a token.',
    {
      decided:
        'It is answered with 204 and no CORS headers instead of let through: anyone can send one, and every handler that does not look at the method would run. `preflight: "pass"` lets it through.',
    },
  ],
  'CO-02': [
    'CHOICE',
    'Fetch',
    'request',
    'No answer of ours allows an origin anything for the routes of the application.',
    {
      decided:
        'A preflight that no CORS middleware has answered before is answered, so that no handler runs for it; the answer allows nothing.',
    },
  ],
  'CO-03': [
    'CHOICE',
    'Fetch',
    'request',
    'A preflight that is let through has no `auth`, and no guard lets one through.',
    { decided: 'Guards answer a preflight with 204 instead of passing it on: a preflight is never a way in.' },
  ],
  'CO-04': [
    'SHOULD',
    'RFC 9449 §7.1, §8; Fetch',
    'request',
    'With `cors.expose` the fields of a refusal that clients need are exposed to scripts, beside those that are.',
  ],
  'CO-05': ['MUST', 'Fetch', 'request', 'A refusal keeps the CORS headers that the application has set.'],
  'CO-06': [
    'MUST',
    'Fetch',
    'documentation',
    'The documentation says that `Authorization` must be named in `Access-Control-Allow-Headers`.',
  ],
  'CO-07': ['MUST', 'Fetch', 'request', 'Exposed fields are listed by name, never as `*`.'],
  'CO-08': [
    'CHOICE',
    'Fetch',
    'request',
    '`Access-Control-Allow-Origin` and `-Credentials` of the application are never set and never changed.',
  ],
  'CO-09': [
    'SHOULD',
    'Token Status List draft §8.1; RFC 9728 §3',
    'request',
    'The metadata document is readable for scripts of every origin.',
  ],
} as const satisfies Section
