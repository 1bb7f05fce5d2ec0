/** What came of a request, in a few words that two outcomes have in common only if they mean the same. */
export async function outcomeOf(response: Response): Promise<string> {
  const { status } = response
  if (response.ok) return `${status}${await evidenceIn(response)}`
  const challenge = response.headers.get('www-authenticate')
  if (status === 503) return `503${retryAfterIn(response)}${challenge === null ? '' : ' with a challenge'}`
  return `${status} ${challenge === null ? 'without a challenge' : inWords(challenge)}`
}

async function evidenceIn(response: Response): Promise<string> {
  const { evidence } = (await response.json()) as { evidence?: { by: string; stale: boolean } }
  return evidence ? ` by ${evidence.by}${evidence.stale ? ', stale' : ''}` : ''
}

function retryAfterIn(response: Response): string {
  return Number(response.headers.get('retry-after')) >= 1 ? ', Retry-After' : ' without Retry-After'
}

/** How the library's descriptions begin. */
const OPENING = /^The (?:signature of the )?(?:access token|request|DPoP proof) (?:is |carries its )?/

/** A Bearer challenge (RFC 6750 §3) must name the realm and lead to the metadata (RFC 9728 §5.1). */
function inWords(challenge: string): string {
  const parameters = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
  if (!challenge.startsWith('Bearer ') || !parameters.has('realm') || !parameters.has('resource_metadata'))
    return `with a strange challenge: ${challenge}`
  const error = parameters.get('error')
  if (error === undefined) return 'Bearer, no error'
  if (parameters.has('scope')) return `${error}, needs ${parameters.get('scope')}`
  const why = parameters.get('error_description')?.replace(OPENING, '')
  return why === undefined ? error : `${error}: ${why}`
}
