import type { Section } from '../requirement.ts'

export const MT = {
  'MT-01': [
    'MUST',
    'RFC 8705 §3',
    'request',
    'The certificate of the connection is the one that the token is bound to.',
  ],
  'MT-02': ['MUST', 'RFC 8705 §3', 'request', 'Another certificate is 401 invalid_token.'],
  'MT-03': ['MUST', 'RFC 8705 §3', 'request', 'A bound token without any certificate is refused.'],
  'MT-04': ['MUST', 'RFC 8705 §3.1', 'request', 'x5t#S256 is the unpadded base64url digest of the DER certificate.'],
  'MT-05': ['MUST', 'RFC 8705 §3.2', 'request', 'cnf of an introspection answer counts the same.'],
  'MT-06': ['CHOICE', 'RFC 8705 §6.2', 'request', 'No trust chain is needed for a binding.'],
  'MT-07': [
    'CHOICE',
    'RFC 8705 §3',
    'request',
    'The DER octets are hashed as presented, and digests compared in constant time.',
  ],
  'MT-08': ['CHOICE', 'Project', 'request', 'The leaf certificate alone counts.'],
  'MT-09': ['CHOICE', 'Project', 'request', 'Resumed sessions and HTTP/2 are judged the same, or refused.'],
  'MT-10': [
    'CHOICE',
    'RFC 8705 §6.5, RFC 9700 §4.13',
    'request',
    'A certificate in a field counts only from a named proxy.',
  ],
  'MT-11': ['CHOICE', 'RFC 9440 §2.1', 'request', 'The usual formats of a certificate in a field are read.'],
  'MT-12': [
    'MUST',
    'RFC 9440 §2.2, RFC 9700 §4.13',
    'request',
    'A repeated or undecodable certificate field is refused.',
  ],
  'MT-13': ['CHOICE', 'Project', 'configuration', 'Configuration says whether the connection or the field counts.'],
  'MT-14': [
    'MUST',
    'RFC 8705 §3',
    'configuration',
    'An unbound token passes a TLS connection unless bindings are required.',
  ],
  'MT-15': ['CHOICE', 'RFC 9449 §7.2, by analogy', 'request', 'With certificates off a bound token is still refused.'],
  'MT-16': ['CHOICE', 'RFC 8705 §3', 'request', 'Other thumbprints are no binding that counts.'],
  'MT-17': ['SHOULD', 'RFC 8705 §7.5', 'request', 'An oversize certificate is refused.'],
  'MT-18': ['MAY', 'RFC 8705 §3.3, RFC 9728 §2', 'request', 'The metadata says that tokens are bound to certificates.'],
  'MT-19': [
    'CHOICE',
    'RFC 8705 §6.3',
    'request',
    'A renewed certificate ends the binding, and the description says so.',
  ],
} as const satisfies Section
