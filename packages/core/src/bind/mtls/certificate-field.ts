/** How a proxy writes the certificate of a client into a header field. */
export type CertificateFormat = 'rfc9440' | 'base64' | 'pem' | 'xfcc'

/** Each: the DER octets of the only certificate in a value; `undefined` for what is no such value. */
const READERS: Readonly<Record<CertificateFormat, (value: string) => Buffer | undefined>> = {
  // A byte sequence (RFC 8941 §3.3.5): Base64 between colons.
  rfc9440: (value) => fromBase64(/^:([^:]+):$/.exec(value)?.[1]),
  base64: fromBase64,
  pem: fromPem,
  xfcc: (value) => fromPem(onlyCert(value)),
}

export const CERTIFICATE_FORMATS = Object.keys(READERS) as readonly CertificateFormat[]

/**
 * The certificate in a field value, as octets of DER; `null` where the proxy says that the client showed none;
 * `undefined` for a value that cannot be read, or has more than one: whose certificate came first is nobody's guess.
 */
export function readCertificate(value: string, format: CertificateFormat): Buffer | null | undefined {
  // Templates such as `:%[ssl_c_der,base64]:` leave their punctuation where there is nothing to fill in.
  return /^:?:?$/.test(value) ? null : READERS[format](value)
}

/** Canonical Base64, whose padding may be missing (RFC 8941 §4.2.7). */
function fromBase64(text = ''): Buffer | undefined {
  const octets = Buffer.from(text, 'base64')
  const canonical = octets.toString('base64')
  const isCanonical = text === canonical || text === canonical.replace(/=+$/, '')
  return isCanonical && isOneSequence(octets) ? octets : undefined
}

/**
 * PEM (RFC 7468) as it fits into a field line: URL-encoded, or with blanks where its lines ended. `+` means itself: those
 * who encode a certificate leave it as it is, or write `%2B`.
 */
function fromPem(value = ''): Buffer | undefined {
  const pem = unescaped(value)
  const body = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/.exec(pem)?.[1]
  return body === undefined ? undefined : fromBase64(body.replaceAll(/\s/g, ''))
}

function unescaped(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return ''
  }
}

/** A pair of Envoy's `X-Forwarded-Client-Cert`, with what ends it: the next pair, the next element, or the value. */
const PAIR = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;]*))(;|,|$)/y

/** The `Cert` of the one element of the field. One for each hop is what a proxy writes that believes its clients. */
function onlyCert(value: string): string | undefined {
  const certs: string[] = []
  for (let at = 0; at < value.length; at = PAIR.lastIndex) {
    PAIR.lastIndex = at
    const [, key, quoted, plain, end] = PAIR.exec(value) ?? []
    if (key === undefined || end === ',') return undefined
    if (key.toLowerCase() === 'cert') certs.push(quoted ?? plain!)
  }
  return certs.length === 1 ? certs[0] : undefined
}

/** One value of DER, a SEQUENCE with its length in the fewest octets (X.690 §10.1), and nothing behind: every certificate. */
function isOneSequence(octets: Buffer): boolean {
  const [tag, first] = octets
  if (tag !== 0x30 || first === undefined) return false
  if (first < 0x80) return octets.length === 2 + first
  const size = first & 0x7f
  if (size < 1 || size > 3 || octets.length <= 2 + size) return false
  const length = octets.readUIntBE(2, size)
  return length >= (size === 1 ? 0x80 : 256 ** (size - 1)) && octets.length === 2 + size + length
}
