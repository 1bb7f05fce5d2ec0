/** A media type without its parameters, in lower case (RFC 9110 §8.3.1). */
export function mediaType(field: string | undefined): string {
  return (field ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

export function isJsonMediaType(field: string | undefined): boolean {
  return mediaType(field) === 'application/json'
}

/** True for `application/…+json`: JSON of another name (RFC 6839 §3.1). */
export function hasJsonSuffix(field: string | undefined): boolean {
  return /^application\/[\w!#$&^.-]+\+json$/.test(mediaType(field))
}

/** A JOSE `typ` or `cty`: without a slash it is short for `application/…` (RFC 7515 §4.1.9). */
export function joseType(value: string): string {
  const type = value.toLowerCase()
  return type.includes('/') ? type : `application/${type}`
}
