import type { Section } from '../requirement.ts'

export const AT = {
  'AT-01': [
    'MUST',
    'RFC 9068 §4, §2.1',
    'request',
    'The type of a JWT access token is "at+jwt", with or without "application/", in any letter case.',
  ],
  'AT-02': [
    'CHOICE',
    'RFC 9068 §2.1',
    'configuration',
    'Servers that write another type, or none, need a profile of their own, in which iss, aud and exp stay mandatory.',
  ],
  'AT-03': ['MUST', 'RFC 9068 §2.1', 'request', 'RS256 works unless it is left out of the list.'],
  'AT-04': ['MUST', 'RFC 9068 §4', 'request', 'An unsigned access token is refused.'],
  'AT-05': ['MUST', 'RFC 9068 §4', 'request', '"iss" is the identifier of the authorization server, exactly.'],
  'AT-06': ['MUST', 'RFC 9068 §4', 'request', '"aud" names this API.'],
  'AT-07': ['MUST', 'RFC 9068 §2.2, §4', 'request', '"exp" is there, and lies in the future.'],
  'AT-08': [
    'MUST',
    'RFC 9068 §2.2; RFC 9701 §8.1',
    'request',
    'iss, exp, aud, sub, client_id, iat and jti are all there, and no text among them is empty.',
  ],
  'AT-09': ['MUST', 'RFC 9068 §4', 'request', 'The signature is by a key of the authorization server.'],
  'AT-10': [
    'MUST',
    'RFC 9068 §4',
    'request',
    'Whatever is wrong with a JWT access token, the client hears 401 invalid_token.',
  ],
  'AT-11': ['SHOULD', 'RFC 9068 §4', 'request', 'Where encryption was agreed, a token that is only signed is refused.'],
  'AT-12': [
    'MUST',
    'RFC 9068 §4',
    'request',
    'An encrypted token is opened with the keys and algorithms that were registered, and no others.',
  ],
  'AT-13': ['MUST', 'RFC 9068 §5', 'request', 'Any signing key that the issuer publishes may have signed a token.'],
  'AT-14': [
    'SHOULD',
    'RFC 9068 §4',
    'network',
    'Keys are found through the metadata of the issuer, of either specification.',
  ],
  'AT-15': [
    'MUST',
    'RFC 9068 §4',
    'network',
    'Where both metadata documents exist, their values agree.',
    {
      decided:
        'One document is read, the first that the issuer has; the other is never asked for, so nothing depends on it.',
    },
  ],
  'AT-16': [
    'MAY',
    'RFC 9068 §2.2.1',
    'request',
    'auth_time, acr and amr may be there; one of the wrong type makes the token malformed.',
  ],
  'AT-17': ['SHOULD', 'RFC 9068 §2.2.3', 'request', 'A token without a scope is good where none is asked for.'],
  'AT-18': [
    'MUST',
    'RFC 9068 §2.2.3',
    'request',
    'Tokens for several audiences, whose scopes may be meant for another one, can be refused.',
  ],
  'AT-19': [
    'MAY',
    'RFC 9068 §4',
    'request',
    'An access token may come under another scheme than Bearer.',
    {
      decided:
        'Bearer and DPoP are taken: another scheme counts as no credentials, and a bound token as Bearer is refused.',
    },
  ],
  'AT-20': [
    'CHOICE',
    'RFC 9068 §5; OIDC Core §2',
    'request',
    'Without a strict type, a token with the marks of an ID token is refused.',
    {
      decided:
        'A nonce alone does not count where requiredClaims tells the kinds apart: widely used servers put it into access tokens. The hash claims always count.',
    },
  ],
  'AT-21': ['CHOICE', 'RFC 8417 §4.2, §4.3', 'request', 'A token with an "events" claim is no access token.'],
  'AT-22': ['MUST', 'RFC 9701 §8.1', 'request', 'A signed introspection answer is no access token.'],
  'AT-23': [
    'CHOICE',
    'JWT BCP draft §3.12',
    'request',
    'Without a strict type, the types of other kinds of JWT are refused by name.',
  ],
  'AT-24': [
    'CHOICE',
    'Project',
    'configuration',
    'Claims by which a vendor tells kinds of token apart can be required, and must then match exactly.',
  ],
} as const satisfies Section
