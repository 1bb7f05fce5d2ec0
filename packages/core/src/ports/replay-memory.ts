/**
 * Remembers which DPoP proofs were used (RFC 9449 §11.1). The default is in process; instances that share one let a proof
 * count once among all of them. Where it throws, rejects or takes longer than `resilience.wait`, nobody knows whether the
 * proof was used: the answer is 503.
 */
export interface ReplayMemory {
  /**
   * Takes a proof that was not taken before, in one step: of any number of concurrent calls with one key, exactly one gets
   * true. In Redis: `SET key 1 NX PXAT until`.
   *
   * @param key A digest of 43 base64url characters: of the key that signed, the URI and the `jti`.
   * @param until Milliseconds since 1970 from which on it may be forgotten, as the proof is then refused for its age;
   *   with room for a clock that is ahead by twice `resilience.wait` and 1 s.
   */
  consume(key: string, until: number): boolean | Promise<boolean>
}
