/**
 * What the principal of a function's role may call: only what a policy of that role grants.
 *
 * People's keys (`zipyard keys`) may do everything in their account, so this is asked for roles only.
 */
import { evaluatePolicies, type AccessQuestion } from '../aws/iam-policy.ts'
import type { Catalog } from '../store/catalog.ts'
import { managedPolicies } from './managed-policies.ts'

export interface RoleName {
  readonly accountId: string
  readonly roleName: string
}

/** The role of `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`. */
export function roleOfSession(arn: string): RoleName | undefined {
  const match = /^arn:aws[\w-]*:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn)
  return match ? { accountId: match[1]!, roleName: match[2]! } : undefined
}

/** Whether the role grants it. A role that IAM does not know has no policies and may call nothing. */
export async function isGrantedToRole(catalog: Catalog, role: RoleName, question: AccessQuestion): Promise<boolean> {
  const [inline, attached] = await Promise.all([
    catalog.db
      .selectFrom('role_policy')
      .select('document')
      .where('account_id', '=', role.accountId)
      .where('role_name', '=', role.roleName)
      .execute(),
    catalog.db
      .selectFrom('role_attachment')
      .select('policy_arn')
      .where('account_id', '=', role.accountId)
      .where('role_name', '=', role.roleName)
      .execute(),
  ])
  const arns = attached.map((row) => row.policy_arn)
  const own =
    arns.length === 0
      ? []
      : await catalog.db
          .selectFrom('policy')
          .innerJoin('policy_version', (join) =>
            join
              .onRef('policy_version.policy_arn', '=', 'policy.arn')
              .onRef('policy_version.version', '=', 'policy.default_version'),
          )
          .select('policy_version.document')
          .where('policy.arn', 'in', arns)
          .execute()
  const managed = arns
    .flatMap((arn) => managedPolicies[arn] ?? [])
    .map((statement) => JSON.stringify({ Statement: statement }))
  return evaluatePolicies([...inline, ...own].map((row) => row.document).concat(managed), question) === 'allowed'
}
