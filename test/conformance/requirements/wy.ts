import type { Section } from '../requirement.ts'

/** `json_web_…_test.json` of Project Wycheproof, which test/vectors holds and runs. */
export const WY = {
  'WY-01': [
    'CHOICE',
    'WP sig 346, 350; RFC 7517 §4.4',
    'request',
    'A key that names PS256 verifies nothing that says PS384, valid as the signature is; once the key is corrected, it does.',
  ],
  'WY-02': [
    'CHOICE',
    'WP sig 347, 351; RFC 7517 §4.4',
    'request',
    'A key that names an algorithm nobody registered, ES521, verifies nothing; once it names ES512, it does.',
  ],
  'WY-03': [
    'CHOICE',
    'WP sig 367, 370; RFC 7515 §2',
    'request',
    'Padding in any segment is refused; the two vectors meant to show that have lost theirs, and are as valid as the one they repeat.',
  ],
  'WY-04': [
    'CHOICE',
    'WP sig 372, 373; RFC 7515 §2',
    'request',
    'A character outside the base64url alphabet is refused, never skipped, though the vectors call it valid.',
  ],
  'WY-05': [
    'CHOICE',
    'WP key 7, crypto 46',
    'request',
    'An RSA key from the weak generator of ROCA is taken as any other: its fingerprint is not looked for.',
  ],
  'WY-06': [
    'CHOICE',
    'WP key 1, crypto 47; RFC 7515 §10.5',
    'request',
    'A secret key in a published set verifies nothing, and the public keys beside it still do.',
  ],
  'WY-07': ['CHOICE', 'WP key 4; RFC 7517 §4.5', 'request', 'Two published secret keys of one name verify nothing.'],
  'WY-08': [
    'CHOICE',
    'WP enc 1–139, crypto 50–83; RFC 8725 §3.2',
    'request',
    'Encrypted vectors are decrypted only as far as policy allows; RSA1_5, password-based keys and compression never.',
  ],
  'WY-09': [
    'CHOICE',
    'WP sig 259–377; RFC 7519 §7.2',
    'request',
    'A JWS whose payload is empty or no JSON object is a good JWS and no token.',
  ],
} as const satisfies Section
