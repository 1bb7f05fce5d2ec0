import type { Reason } from './errors.ts'

/**
 * What an operator should look at when requests are refused for a reason; `undefined` where there is nothing to mend but
 * the request itself. Static texts, for logs and `docs/errors.md`: beside the reason, its issuer and its detail.
 */
export const HINTS: Readonly<Record<Reason, string | undefined>> = {
  // the request
  credentials_missing: undefined,
  credentials_malformed: undefined,
  credentials_repeated: undefined,
  credentials_in_query: 'a client sends tokens in the URL, where logs keep them; have it use the Authorization field',
  transport_insecure:
    'if a proxy ends TLS, the framework must be told to trust it; if not, tokens cross the network in the clear',
  // the token, as text
  token_too_long: 'if the issuer makes such tokens, raise "maxTokenLength"; or ask it to put less into them',
  token_malformed: undefined,
  token_encrypted: 'an issuer encrypts its tokens and "jwt.decryption" is missing, or another API\'s token came here',
  token_unencrypted:
    'an issuer sends unencrypted tokens although "jwt.decryption.required" is set; ask it to encrypt, or lift the demand',
  decryption_failed:
    'compare the keys in "jwt.decryption" with those that the issuer encrypts for: a key may have been removed too early',
  opaque_unsupported: 'no issuer has "introspection"; if opaque tokens should be accepted, configure it',
  issuer_unknown:
    'a client uses another authorization server, such as that of a test system; or "issuers" lacks one, letter by letter',
  issuer_ambiguous: 'two issuers\' "accepts" take the same token; make the rules exclude each other',
  // header and signature
  algorithm_not_allowed:
    'compare "jwt.algorithms" with what the issuer signs with; tokens with "none" or HS256 are forgeries',
  type_wrong:
    'the issuer\'s access tokens have another "typ" than at+jwt: set jwt.profile; or ID tokens are sent as access tokens',
  critical_unsupported: undefined,
  key_unknown:
    'tokens are signed with a key that the issuer does not publish: a rotation out of order, another environment, or a forgery',
  key_unfit: 'the published key does not fit the algorithm of the token; compare the key set with "jwt.algorithms"',
  key_ambiguous:
    'the tokens name no "kid" and the set has several keys; ask the issuer for "kid", or set "jwt.missingKid"',
  key_in_header: 'a token brings its own key: a forgery, unless the issuer is known to send "jwk" or "x5c"',
  signature_invalid: 'forged or damaged tokens, or an issuer that renewed a key under its old name; see who sends them',
  // claims
  claims_malformed: 'the issuer writes claims in a form that RFC 9068 does not have; the detail names the claim',
  claim_missing: 'the issuer leaves out a claim that the profile asks for; the detail names it; see "jwt.profile"',
  issuer_wrong: 'the answer about a token names another issuer than is configured; compare them letter by letter',
  audience_wrong: 'a client asks for tokens for another API, or "audience" is not what the issuer writes into "aud"',
  audience_missing: "the issuer names no audience; have it do so, or decide for introspection.audience: 'ifPresent'",
  audience_ambiguous: 'a token for many APIs is as strong as the weakest of them; see "jwt.maxAudiences"',
  token_expired:
    'usual in small numbers; if it is new for all tokens, compare the clocks of this machine and the issuer',
  token_not_yet_valid: 'the clock of this machine is behind that of the issuer, or a gateway hands tokens out early',
  token_too_old: 'tokens live longer than "jwt.maxTokenAge" allows',
  lifetime_too_long: 'the issuer makes longer-lived tokens than "jwt.maxTokenLifetime" or "maxTokenLifetime" allows',
  token_kind_wrong:
    'a client sends an ID or refresh token, or "requiredClaims" asks for what access tokens do not have',
  token_inactive: 'usual after a logout; if many known tokens turn inactive at once, see the authorization server',
  token_revoked: 'a token that was revoked here is still in use; if it goes on, somebody else may have it',
  // how the token is bound, and what the request proved
  binding_unsupported:
    'the tokens are bound to a key in a way that this server has not been told to check; see "dpop" and "mtls"',
  binding_unproven:
    'a bound token came without its proof: a client that does not know it, or somebody else who has the token',
  binding_mismatch: 'a bound token came with the proof of another key: somebody else may have the token',
  binding_absent:
    'the issuer sends unbound tokens although bound ones are demanded; ask it to bind them, or lift the demand',
  proof_missing: undefined,
  proof_repeated: undefined,
  proof_malformed: undefined,
  proof_algorithm: 'a client signs its proofs with an algorithm that "dpop.algorithms" does not have',
  proof_key_unfit: 'a client signs its proofs with a key that is too weak or does not fit the algorithm',
  proof_other_request: 'if all proofs fail so, a proxy changes the URL that this server sees: set "dpop.publicUrl"',
  proof_other_token: 'a proof for one token came with another: a mistake of the client, or a stolen token',
  proof_out_of_time: 'compare the clocks of this machine and the client, or ask for nonces: "dpop.nonce"',
  proof_signature_invalid: 'forged or damaged proofs; see who sends them',
  proof_replayed: 'a proof came a second time: a client that repeats requests as they are, or somebody who listens',
  nonce_missing: undefined,
  nonce_unknown: 'usual now and then; if it does not end, several instances do not share the secret of their nonces',
  certificate_missing:
    'a token bound to a certificate came without one: TLS ends at a proxy that does not hand it on; see "mtls"',
  certificate_malformed: 'the proxy hands the certificate on in another form than "mtls.field" says',
  // guards
  scope_missing: undefined,
  details_insufficient: undefined,
  login_insufficient: undefined,
  claim_refused: undefined,
  custom: undefined,
  subject_refused: 'an issuer vouches for a subject that is not its own, by your rule',
  // nobody can know
  keys_unavailable:
    "the issuer's key set cannot be fetched, or is too old; see the document events and server.status()",
  store_unavailable: 'the store did not answer when this process started; see the store_failed events',
  replay_memory_full: 'more proofs came than "dpop.replay.entries" holds: a flood, or a bound set too low',
  replay_memory_unavailable:
    'the memory of proofs that several instances share does not answer: without it nobody can tell a proof that comes twice',
  introspection_unavailable:
    'the introspection endpoint is slow or down; see its endpoint events and the state in server.status()',
  introspection_misconfigured:
    'the authorization server rejects our introspection credentials: check the client id, its secret and its permission to introspect',
  evidence_too_old: 'a route asks for fresh() evidence and the introspection endpoint did not answer in time',
  overloaded: 'more tokens need a verification than there are turns: a flood, a slow endpoint, or limits set too low',
  closed: undefined,
  // our own mistakes
  fresh_unsupported:
    'a route asks for fresh() evidence of an issuer without "introspection"; configure it, or let the signature count',
  guard_without_protect: 'a guard stands before protect(), or on a route without it; put protect() first',
  guard_failed: 'a guard of the application threw; the advice HOLDFAST_GUARD_FAILED names the place',
  extract_failed: 'credentials.extract threw; the advice HOLDFAST_EXTRACT_FAILED names the place',
  internal_error: 'a mistake of this library; the advice HOLDFAST_INTERNAL_ERROR names the place. Please report it',
}
