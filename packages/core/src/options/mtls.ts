import { BlockList, isIP } from 'node:net'
import { CERTIFICATE_FORMATS, type CertificateFormat } from '../bind/mtls/certificate-field.ts'
import type { CertificateFieldRules, MtlsRules } from '../bind/mtls/mtls.ts'
import { ConfigError } from '../errors.ts'
import { type Check, fail, integer, object, oneOf, oneOrMore, optional, withDefault } from './check.ts'
import { DEFAULTS } from './defaults.ts'

interface CheckedField {
  readonly name: string | undefined
  readonly format: CertificateFormat
  readonly from: readonly Network[]
  readonly maxLength: number
}

interface Network {
  readonly address: string
  /** Bits that count. */
  readonly prefix: number
}

/** Fields that are named after what they hold (RFC 9440 §2.2, and Envoy's). */
const USUAL_NAMES: Partial<Readonly<Record<CertificateFormat, string>>> = {
  rfc9440: 'client-cert',
  xfcc: 'x-forwarded-client-cert',
}

const mode = oneOf('allowed', 'required', 'off')

const shape = object<{ readonly mode: 'allowed' | 'required' | 'off'; readonly field: CheckedField | undefined }>({
  mode: withDefault(mode, 'allowed'),
  field: optional(
    object<CheckedField>({
      name: optional(fieldName),
      format: withDefault(oneOf(...CERTIFICATE_FORMATS), 'rfc9440'),
      maxLength: optional(integer(4_096, 65_536), DEFAULTS.maxCertificateLength),
      from: oneOrMore(network),
    }),
  ),
})

/** A mode, or an object with more to say; `undefined` for off. */
export const mtls: Check<MtlsRules | undefined> = (value, path) => {
  if (value === undefined) return undefined
  const { mode: written, field } = typeof value === 'string' ? { mode: mode(value, path) } : shape(value, path)
  if (written === 'off') return undefined
  return Object.freeze({ isRequired: written === 'required', field: field && fieldRules(field, path) })
}

function fieldRules({ name, format, from, maxLength }: CheckedField, path: string): CertificateFieldRules {
  const field = name ?? USUAL_NAMES[format]
  if (field === undefined) {
    throw new ConfigError(
      `option "${path}.field.name" is missing: none is usual for the format '${format}'; write the name of the field that your proxy sets`,
    )
  }
  const proxies = new BlockList()
  for (const { address, prefix } of from) proxies.addSubnet(address, prefix, isIP(address) === 4 ? 'ipv4' : 'ipv6')
  return Object.freeze({ name: field, format, from: proxies, maxLength })
}

/** A token of RFC 9110 §5.6.2, in lower case. */
function fieldName(value: unknown, path: string): string {
  const isName = typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value)
  return isName ? value.toLowerCase() : fail(path, value, `the name of a header field, such as 'client-cert'`)
}

/** An address, or a block of them (RFC 4632 §3.1, RFC 4291 §2.3). */
function network(value: unknown, path: string): Network {
  const [, address = '', written] = typeof value === 'string' ? (/^([^/]+)(?:\/(\d{1,3}))?$/.exec(value) ?? []) : []
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  const prefix = written === undefined ? bits : Number(written)
  // Of all addresses, anybody could say which certificate a stranger has.
  if (bits > 0 && prefix >= 1 && prefix <= bits && !address.includes('%')) return { address, prefix }
  return fail(path, value, `the address of a proxy, or a block such as '10.0.0.0/8', and not everybody's`)
}
