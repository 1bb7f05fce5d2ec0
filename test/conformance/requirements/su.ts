import type { Section } from '../requirement.ts'

export const SU = {
  'SU-01': [
    'MUST',
    'RFC 9470 §3',
    'request',
    'An authentication that is not enough is refused with insufficient_user_authentication.',
  ],
  'SU-02': ['MUST', 'RFC 9470 §3', 'request', 'A step-up challenge has status 401, never 403.'],
  'SU-03': [
    'MAY',
    'RFC 9470 §3',
    'request',
    'acr_values lists what would do, in order of preference, with spaces between.',
  ],
  'SU-04': [
    'MAY',
    'RFC 9470 §3',
    'request',
    'max_age is a whole number of seconds as a quoted-string; no other can be configured.',
  ],
  'SU-05': ['MAY', 'RFC 9470 §3', 'request', 'acr_values and max_age stand together where both are asked for.'],
  'SU-06': ['MAY', 'RFC 9470 §3', 'request', 'Where scopes are lacking, too, the step-up challenge names them.'],
  'SU-07': ['MUST', 'RFC 9470 §6.1', 'request', 'Of a JWT, the claims acr and auth_time are judged.'],
  'SU-08': [
    'MUST',
    'RFC 9470 §6.2',
    'request',
    'Of an introspection answer, its members acr and auth_time are judged.',
  ],
  'SU-09': ['CHOICE', 'Project', 'request', 'A token that does not say what is asked for is not enough.'],
  'SU-10': ['CHOICE', 'Project', 'request', 'An acr must be equal to one that is listed; none outranks another.'],
  'SU-11': [
    'CHOICE',
    'Project',
    'request',
    'An authentication is too old after max_age and the clock skew; one in the future beyond it is malformed.',
  ],
  'SU-12': [
    'CHOICE',
    'RFC 9470 §9',
    'request',
    'Only a token that is good otherwise learns what authentication is asked for.',
  ],
  'SU-13': ['CHOICE', 'RFC 9470 §9', 'request', 'A route can keep to itself what authentication it asks for.'],
  'SU-14': [
    'MUST',
    'RFC 6750 §3, RFC 9110 §5.6.4',
    'configuration',
    'An acr value with characters that no quoted-string carries as they are is refused when it is written.',
  ],
  'SU-15': ['MUST', 'RFC 9470 §3', 'request', 'A step-up challenge works with the DPoP scheme, too.'],
  'SU-16': [
    'CHOICE',
    'Project',
    'request',
    'A stale answer is good enough to judge the authentication that it tells of, which does not change.',
  ],
} as const satisfies Section
