import type { Section } from '../requirement.ts'

export const HT = {
  'HT-01': ['MUST', 'RFC 9110 §11.6.1, §15.5.2', 'request', 'Every 401 carries at least one challenge.'],
  'HT-02': ['MUST', 'RFC 9110 §11.1; OAuth 2.1 §5.1.1', 'request', 'The scheme is recognized in any case.'],
  'HT-03': [
    'MUST',
    'RFC 9110 §11.2',
    'configuration',
    'No challenge names a parameter twice, in whatever case; configuration cannot make one.',
  ],
  'HT-04': ['MUST', 'RFC 9110 §11.5', 'request', '`realm` is always a quoted-string.'],
  'HT-05': [
    'MUST',
    'RFC 9110 §5.6.4',
    'request',
    'In a quoted-string, quote and backslash are escaped, and nothing else.',
  ],
  'HT-06': [
    'MUST',
    'RFC 9110 §5.5',
    'request',
    'Nothing that a client sends puts a control character into an answer, adds a field to it, or makes it a 500.',
  ],
  'HT-07': ['SHOULD', 'RFC 9110 §5.5', 'configuration', 'Field values are visible ASCII, spaces and tabs.'],
  'HT-08': [
    'MAY',
    'RFC 9110 §11.6.1',
    'request',
    'Our challenges have a field line of their own, beside those of others.',
    {
      decided:
        'Bearer and DPoP share one line, Bearer first, as in the example of RFC 9449 §7.2: what error handlers of frameworks read has one text for each field.',
    },
  ],
  'HT-09': [
    'CHOICE',
    'RFC 9110 §11.3',
    'request',
    'The order of the challenges is fixed: those of the application first, then ours.',
    {
      decided:
        'No option changes the order: Bearer stands before DPoP, where both are taken. One that is written is refused as unknown.',
    },
  ],
  'HT-10': ['SHOULD', 'RFC 9110 §11.4', 'request', 'Missing or unusable credentials get 401.'],
  'HT-11': ['SHOULD', 'RFC 9110 §11.4, §15.5.4', 'request', 'Good credentials that do not suffice get 403.'],
  'HT-12': [
    'MAY',
    'RFC 9110 §15.5.4',
    'request',
    'A resource is hidden as 404 only where the application does it, in its own error handler.',
  ],
  'HT-13': [
    'MUST',
    'RFC 9110 §5.4',
    'request',
    'A field that is too long is answered 4xx, by this library or by Node before it; no handler runs.',
  ],
  'HT-14': ['MUST', 'RFC 9110 §5.3', 'request', 'Two `Authorization` lines are an error, whatever is in them.'],
  'HT-15': ['MUST', 'RFC 9110 §5.5', 'request', 'Blanks around a field value are no part of it.'],
  'HT-16': [
    'MUST',
    'RFC 9110 §11.7; RFC 9449 §7.1',
    'request',
    '`Proxy-Authorization` holds no credentials for this API, and `Proxy-Authenticate` is never sent.',
  ],
  'HT-17': [
    'MUST',
    'RFC 9111 §3.5',
    'request',
    'Nothing is added to the headers of a guarded response that was let through.',
  ],
  'HT-18': ['CHOICE', 'RFC 9111 §5.2.2.5', 'request', 'Every refusal has `Cache-Control: no-store`.'],
  'HT-19': [
    'CHOICE',
    'RFC 9110 §15.6.4, §10.2.3',
    'request',
    'What nobody can decide is 503 with `Retry-After` of whole seconds, no challenge, and no error code of OAuth.',
  ],
  'HT-20': ['MUST', 'RFC 9110 §9.3.2', 'request', 'HEAD gets what GET gets, without the body.'],
  'HT-21': [
    'CHOICE',
    'RFC 9110 §9.3.7; Fetch',
    'request',
    'OPTIONS is guarded like any method unless it is a CORS preflight.',
  ],
  'HT-22': ['CHOICE', 'RFC 9113 §8', 'request', 'Requests over HTTP/2 get the same answers.'],
  'HT-23': [
    'CHOICE',
    'Express, Koa',
    'process',
    'Nothing runs behind an answer, and nothing is written to a response that has begun.',
  ],
} as const satisfies Section
