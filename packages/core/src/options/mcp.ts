import { ConfigError } from '../errors.ts'
import type { IssuerSettings } from './settings.ts'

interface Configured {
  readonly resources: readonly string[]
  readonly issuers: readonly IssuerSettings[]
  /** Whether a token is taken from a form. */
  readonly form: boolean
}

/**
 * What the Model Context Protocol asks of a server beyond OAuth: an identifier to publish, tokens that were issued for
 * it, and tokens in the header. @throws {ConfigError}
 */
export function checkMcp({ resources, issuers, form }: Configured): void {
  if (resources.length === 0) {
    throw new ConfigError(
      `option "resource" is missing: profile 'mcp' publishes it; write the https URL of the MCP server, such as 'https://api.example.com/mcp'`,
    )
  }
  if (form) {
    throw new ConfigError(
      `option "credentials.form" is true: with profile 'mcp' tokens come in the header; leave it out`,
    )
  }
  for (const { issuer, introspection, requiredClaims } of issuers) {
    const policy = introspection?.audience ?? 'required'
    const told = Object.keys(requiredClaims).length > 0
    if (policy === 'off' || (policy === 'ifPresent' && !told)) {
      throw new ConfigError(
        `option "introspection.audience" of ${JSON.stringify(issuer)} is '${policy}': with profile 'mcp' a token must show that it was issued for this server; write 'required', or 'ifPresent' beside the "requiredClaims" that show it`,
      )
    }
  }
}
