import { generate } from 'selfsigned'

/** A certificate that nobody signed, and its key, in PEM. */
export async function certificate(name: string): Promise<{ readonly cert: string; readonly key: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
    keySize: 2_048,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  })
  return { cert, key }
}
