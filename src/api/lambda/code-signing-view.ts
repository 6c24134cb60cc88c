import { codeSigningConfigArn, findCodeSigningConfig, type CodeSigningConfigRow } from '../../functions/code-signing.ts'
import { notSupported, resourceNotFound } from '../../functions/errors.ts'
import type { Scope } from '../../functions/function-name.ts'
import type { CatalogQueries } from '../../store/catalog.ts'
import { formatTime } from './views.ts'

/** In the API's own names. */
export interface CodeSigningDocument {
  readonly Description: string
  readonly AllowedPublishers: { readonly SigningProfileVersionArns: readonly string[] }
  readonly CodeSigningPolicies: { readonly UntrustedArtifactOnDeployment: 'Warn' | 'Enforce' }
}

export type CodeSigningInput = Partial<CodeSigningDocument>

export function codeSigningView(row: CodeSigningConfigRow): Record<string, unknown> {
  return {
    CodeSigningConfigId: row.id,
    CodeSigningConfigArn: codeSigningConfigArn({ accountId: row.account_id, region: row.region }, row.id),
    ...(JSON.parse(row.document) as CodeSigningDocument),
    LastModified: formatTime(row.modified_at),
  }
}

/** Signatures of packages are not verified here, so a policy that relies on it would be a false promise. */
export function expectNotEnforced(input: CodeSigningInput): void {
  if (input.CodeSigningPolicies?.UntrustedArtifactOnDeployment === 'Enforce') {
    throw notSupported({ what: 'The code signing policy `Enforce`' })
  }
}

/** As the operations on configurations say that one is not there. */
export async function getConfig(db: CatalogQueries, scope: Scope, arn: string): Promise<CodeSigningConfigRow> {
  const row = await findCodeSigningConfig(db, scope, arn)
  if (!row) {
    throw resourceNotFound({ text: `The Lambda code signing configuration ${arn} can not be found.`, untyped: true })
  }
  return row
}
