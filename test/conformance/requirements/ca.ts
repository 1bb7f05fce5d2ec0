import type { Section } from '../requirement.ts'

export const CA = {
  'CA-01': [
    'MUST',
    'RFC 6749 §2.3.1; OAuth 2.1 §2.4.1',
    'network',
    'For client_secret_basic id and secret are form-encoded before they are joined and put into Base64.',
  ],
  'CA-02': ['MUST', 'RFC 6749 §2.3.1', 'network', 'For client_secret_post the credentials are in the body alone.'],
  'CA-03': ['MUST', 'RFC 6749 §2.3', 'network', 'A request authenticates in one way only.'],
  'CA-04': [
    'CHOICE',
    'RFC 8414 §2',
    'configuration',
    'How we authenticate is written down.',
    {
      decided:
        'It is never picked from metadata: whoever can change the metadata could otherwise make us send a secret where we signed before. If the metadata lists other methods only, an advice event says so, and the call is made as configured.',
    },
  ],
  'CA-05': [
    'SHOULD',
    'RFC 9700 §2.5',
    'documentation',
    'Methods by which no secret is sent are recommended.',
    {
      decided:
        'The documentation prefers them; nothing is preferred at run time, as the method is always written down.',
    },
  ],
  'CA-06': [
    'MUST',
    'RFC 7523 §3; OIDC Core §9',
    'network',
    'A client assertion is signed and has iss and sub of the client, aud, iat, exp and a jti of its own.',
  ],
  'CA-07': [
    'CHOICE',
    'RFC 7523bis draft; RFC 7523 §3; OIDC Core §9',
    'network',
    'aud of an assertion is the issuer as a single text; another may be written for older servers.',
  ],
  'CA-08': [
    'SHOULD',
    'RFC 7523bis draft',
    'network',
    'typ of an assertion is client-authentication+jwt, or what is written instead.',
  ],
  'CA-09': [
    'MUST',
    'RFC 7521 §4.2',
    'network',
    'The assertion goes with its type, and with the client_id that it names.',
  ],
  'CA-10': [
    'CHOICE',
    'RFC 7523 §3',
    'network',
    'An assertion lives for at most 60 s, and every request has one of its own, a repeated one, too.',
  ],
  'CA-11': [
    'MUST',
    'RFC 8414 §2',
    'network',
    'Assertions are signed with an algorithm that the metadata lists, and never without a signature.',
    {
      decided:
        'An algorithm that the metadata does not list is told by an advice event when the metadata is loaded, at ready() at the latest. It is no error: metadata comes later than the configuration, may be wrong, and the server itself refuses what it does not take.',
    },
  ],
  'CA-12': [
    'MUST',
    'RFC 8705 §2',
    'network',
    'With mutual TLS client_id is always sent and the certificate is offered.',
  ],
  'CA-13': [
    'MUST',
    'RFC 8705 §5',
    'network',
    'With mutual TLS the endpoint in mtls_endpoint_aliases is called, where there is one.',
  ],
  'CA-14': [
    'CHOICE',
    'RFC 7662 §2.1',
    'network',
    'Our own bearer token may come from a function; it is kept until shortly before its end, and renewed once after a 401.',
  ],
  'CA-15': [
    'MUST',
    'RFC 7662 §4',
    'network',
    'The token that is asked about never authorizes the question, not even when it is our own.',
  ],
  'CA-16': [
    'CHOICE',
    'Project',
    'request',
    'Credentials may be functions; one that fails means that nobody can tell, and nothing of its message is told.',
  ],
  'CA-17': [
    'CHOICE',
    'Project',
    'process',
    'No secret or key is in an error, an event, or what a server, its options or its credentials print.',
  ],
  'CA-18': [
    'MUST',
    'RFC 7523 §3; FAPI 2.0 §5.4.1',
    'configuration',
    'Keys that sign assertions keep the bounds of keys that verify; a key that does not is refused.',
  ],
  'CA-19': [
    'CHOICE',
    'Project',
    'configuration',
    'Certificate authorities, certificates and the network itself can be configured; nothing turns certificate checks off.',
    {
      decided:
        'Proxies and pinned public keys are a matter of ports.http, which takes any implementation; tls.ca pins the authority of one issuer.',
    },
  ],
} as const satisfies Section
