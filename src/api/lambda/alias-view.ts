import type { AliasRow } from '../../functions/alias-store.ts'
import { functionArn } from '../../functions/function-name.ts'
import { versionName } from '../../functions/function-version.ts'

export function aliasView(row: AliasRow): Record<string, unknown> {
  const AdditionalVersionWeights = JSON.parse(row.weights) as Record<string, number>
  return {
    AliasArn: functionArn({ accountId: row.account_id, region: row.region, name: row.name }, row.alias),
    Name: row.alias,
    FunctionVersion: versionName(row.version),
    Description: row.description,
    ...(Object.keys(AdditionalVersionWeights).length > 0 && { RoutingConfig: { AdditionalVersionWeights } }),
    RevisionId: row.revision_id,
  }
}
